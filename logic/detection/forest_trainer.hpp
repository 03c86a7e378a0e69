#pragma once

#include "logic/core/result.hpp"
#include "logic/detection/forest.hpp"
#include "logic/detection/model.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace millrace::logic::detection {

struct FitOptions {
  std::size_t trees = 100; ///< 1 to `max_trees`
  std::size_t sample_size = 256; ///< 2 to `max_sample_size`; capped by rows
  std::uint64_t seed = 1;
  /// Share of the training rows that may lie at or above the threshold.
  double contamination = 0.001;
};

/// Grows the trees. The same rows, options and seed give the same forest on
/// every machine. Values beyond +/-1e30 are clamped, NaN counts as smaller
/// than every number. Fails with `invalid_argument` on fewer than two rows
/// or on options out of bounds.
Result<Forest> fit_forest(RowsView rows, const FitOptions& options);

/// Grows the trees, compiles them and chooses the threshold from the rows'
/// own scores. Takes some ten milliseconds; belongs on no stage's thread.
/// `feature_names` has one name per column.
Result<ModelPtr> fit_model(RowsView rows,
                           std::vector<std::string> feature_names,
                           const FitOptions& options);

/// The smallest threshold that at most `contamination * scores.size()` of
/// the scores reach, never below 0.5 (the score of the ordinary).
float choose_threshold(std::span<const float> scores, double contamination);

} // namespace millrace::logic::detection
