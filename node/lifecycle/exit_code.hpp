#pragma once

namespace millrace::node {

/// What the process tells the shell. Documented in docs/operations.md.
enum class ExitCode : int {
  success = 0,
  failure = 1, ///< a run-time error, said on stderr
  usage = 2, ///< wrong command line
  invalid_config = 3, ///< the configuration was refused, nothing started
  verdict_failed = 4, ///< `verify` (or the demo) found a loss, double, ...
  unavailable = 5, ///< broker, topic or file not reachable (`--connect`)
  drain_incomplete = 6, ///< the shutdown deadline passed with work in flight
  actor_failed = 7, ///< a part of the node died and could not go on
  out_of_memory = 8, ///< not even a small request for memory was served
  disk_full = 9, ///< a file that the node relies on has no room
  signals_lost = 10, ///< nobody could ask the process to stop any more
  offsets_missing = 11, ///< somebody must decide from where to read on
  interrupted = 130, ///< a second signal ended the process at once
};

constexpr int to_int(ExitCode code) noexcept {
  return static_cast<int>(code);
}

} // namespace millrace::node
