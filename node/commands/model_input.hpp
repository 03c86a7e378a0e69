#pragma once

#include "logic/core/result.hpp"
#include "logic/detection/labelled_rows.hpp"
#include "node/config/node_config.hpp"
#include "node/lifecycle/exit_code.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::node::commands {

/// Rows for `millrace model`, whichever kind of file they came from.
struct ModelInput {
  logic::detection::LabelledRows rows;
  std::uint64_t refused = 0; ///< lines that are no valid login event
  /// The first of these, each with path, line, reason and detail.
  std::vector<std::string> refusals;
};

/// Reads a numeric CSV, or login events as one JSON object per line: a file
/// whose first character is `{` is taken for the latter. Events become the
/// features that a node of this configuration computes, as if it had read them
/// in this order. Errors name path, line and column, and say what to do.
logic::Result<ModelInput> read_model_input(const std::string& path,
                                           const NodeConfig& config);

/// Says on stderr why a file that was given is of no use: `unavailable` where
/// it cannot be read, `failure` where it can.
ExitCode refuse_input(const logic::Error& error);

/// Says on stderr why a file was not written.
ExitCode refuse_output(const logic::Error& error);

} // namespace millrace::node::commands
