#pragma once

#include "logic/detection/forest_trainer.hpp"
#include "node/commands/model_input.hpp"
#include "node/lifecycle/exit_code.hpp"

#include <string>
#include <vector>

namespace millrace::node::commands {

/// Of `millrace model score`.
struct ScoreOptions {
  std::string input;
  std::string model; ///< empty: fit to the input itself
  std::string output; ///< empty: no row by row
  int seeds = 1;
  logic::detection::FitOptions fit;
};

/// Scores and prints; errors go to stderr.
ExitCode score(const ScoreOptions& options, const NodeConfig& config);

/// Says on stderr which lines of the input were left out.
void report_refusals(const ModelInput& input);

} // namespace millrace::node::commands
