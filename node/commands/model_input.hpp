#pragma once

#include "logic/detection/labelled_rows.hpp"
#include "logic/result.hpp"

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
/// features that the node computes, as if it had read them in this order;
/// places come from `geoip_files`. Errors name path, line and column.
logic::Result<ModelInput>
read_model_input(const std::string& path,
                 const std::vector<std::string>& geoip_files);

} // namespace millrace::node::commands
