#pragma once

#include "logic/core/result.hpp"
#include "logic/detection/forest.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::detection {

/// A table of numbers with, perhaps, what is known of each row.
struct LabelledRows {
  std::vector<std::string> names; ///< of the columns
  std::vector<float> values; ///< row after row, `names.size()` wide
  std::vector<std::uint8_t> labels; ///< 1 outlier, 0 other; empty: unlabelled

  RowsView view() const noexcept { return {values, names.size()}; }
};

/// Reads comma-separated numbers under a header of column names. A column
/// `label` of 0 and 1 becomes the labels. No quoting; blank lines are
/// skipped. Errors (`malformed`) name line and column, counted from 1.
Result<LabelledRows> parse_numeric_csv(std::string_view text);

} // namespace millrace::logic::detection
