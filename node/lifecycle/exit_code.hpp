#pragma once

#include <array>
#include <string_view>

namespace millrace::node {

/// What the process tells the shell. `exit_codes` below gives each its words;
/// docs/operations.md says what to do about it.
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
  name_taken = 12, ///< another node runs under this node's name
  interrupted = 130, ///< by a second signal at once, or `dlq replay` by one
};

struct ExitCodeInfo {
  ExitCode code;
  std::string_view name; ///< as in the enumeration
  std::string_view in_short; ///< for `millrace --help`
};

/// All of them, once; the help and a test of the documentation read it.
inline constexpr auto exit_codes = std::to_array<ExitCodeInfo>({
  {ExitCode::success, "success", "success"},
  {ExitCode::failure, "failure", "a run-time error"},
  {ExitCode::usage, "usage", "a wrong command line"},
  {ExitCode::invalid_config, "invalid_config", "the configuration was refused"},
  {ExitCode::verdict_failed, "verdict_failed", "verification found a fault"},
  {ExitCode::unavailable, "unavailable",
   "a broker, topic or file is not reachable"},
  {ExitCode::drain_incomplete, "drain_incomplete",
   "work was left when the shutdown deadline passed"},
  {ExitCode::actor_failed, "actor_failed", "the node could not go on"},
  {ExitCode::out_of_memory, "out_of_memory", "no memory or no thread"},
  {ExitCode::disk_full, "disk_full", "the disk is full"},
  {ExitCode::signals_lost, "signals_lost", "signals cannot be read"},
  {ExitCode::offsets_missing, "offsets_missing",
   "somebody must decide from where to read on"},
  {ExitCode::name_taken, "name_taken",
   "another node runs under this node's name"},
  {ExitCode::interrupted, "interrupted",
   "a second signal ended it at once, or one a replay"},
});

constexpr int to_int(ExitCode code) noexcept {
  return static_cast<int>(code);
}

} // namespace millrace::node
