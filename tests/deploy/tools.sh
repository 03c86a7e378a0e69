# shellcheck shell=sh
# What the deployment tests share; sourced. Tools that are not here are a reason
# to skip (77), each said with how to get it. Downloads go to the cache.
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${MILLRACE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace}
deploy=$cache/deploy
PATH=$deploy/bin:$PATH

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}
skip() {
  printf 'SKIPPED: %s\n' "$*" >&2
  exit 77
}

# need TOOL...: skips where one is missing.
need() {
  for tool in "$@"; do
    command -v "$tool" >/dev/null || skip "no $tool here; tests/deploy/fetch gets it"
  done
}

# The folder with the API's schemas, as kubeconform reads them.
need_schemas() {
  [ -d "$deploy/schemas" ] ||
    skip "no schemas of Kubernetes here; tests/deploy/fetch gets them"
  printf '%s' "$deploy/schemas"
}
