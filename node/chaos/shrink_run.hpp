#pragma once

#include "logic/faults/fault_storm.hpp"
#include "node/lifecycle/exit_code.hpp"
#include "node/lifecycle/signals.hpp"

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace millrace::node::chaos {

/// A storm that is run, and on a failed verdict made smaller. Each run is a
/// `millrace chaos` of its own, so that it may die or hang in whatever way.
struct ShrinkOptions {
  std::vector<std::string> storm; ///< arguments of the whole storm
  /// Arguments of a rerun, but for the list of faults.
  std::vector<std::string> rerun;
  std::vector<logic::faults::TimedFault> faults; ///< of the whole storm
  std::uint32_t max_runs = 60;
  /// How often a list is run that does not fail, before it counts as good.
  std::uint32_t repeats = 1;
};

/// Runs the storm; its exit code is the result. Where its verdict failed,
/// prints the smallest list of faults that still fails. Errors go to
/// `complaints`.
ExitCode run_and_shrink(const ShrinkOptions& options, SignalWaiter& waiter,
                        std::ostream& out, std::ostream& complaints);

/// A command line that a shell reads as these words.
std::string shell_line(const std::vector<std::string>& words);

} // namespace millrace::node::chaos
