#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace millrace::logic::detection {

/// Area under the receiver operating characteristic: the probability that an
/// outlier (label 1) scores higher than another row (label 0), ties counting
/// half; from ranks (Mann and Whitney 1947). Nothing where one of the kinds
/// is missing. Equal spans.
std::optional<double> area_under_roc(std::span<const float> scores,
                                     std::span<const std::uint8_t> labels);

} // namespace millrace::logic::detection
