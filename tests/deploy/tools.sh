# shellcheck shell=sh disable=SC2034
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

# The engine that DOCKER_HOST or the default socket names, else the private one of
# tests/deploy/engine.
need_engine() {
  need docker
  if [ -z "${DOCKER_HOST:-}" ] && [ -S "$deploy/engine/docker.sock" ]; then
    export DOCKER_HOST="unix://$deploy/engine/docker.sock"
  fi
  if [ -d "$deploy/docker-plugins" ]; then
    export DOCKER_CONFIG="$deploy/docker-plugins"
  fi
  docker version >/dev/null 2>&1 ||
    skip "no container engine answers; tests/deploy/engine start makes one"
}
