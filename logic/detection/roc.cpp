#include "logic/detection/roc.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <numeric>
#include <vector>

namespace millrace::logic::detection {

std::optional<double> area_under_roc(std::span<const float> scores,
                                     std::span<const std::uint8_t> labels) {
  assert(scores.size() == labels.size());
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return scores[a] < scores[b]; });
  double rank_sum = 0.0;
  double outliers = 0.0;
  for (std::size_t begin = 0; begin != order.size();) {
    auto end = begin;
    while (end != order.size() && scores[order[end]] == scores[order[begin]])
      ++end;
    // Ranks count from 1; equal scores share the mean of theirs.
    const auto rank = static_cast<double>(begin + end + 1) / 2.0;
    for (; begin != end; ++begin)
      if (labels[order[begin]] != 0) {
        rank_sum += rank;
        outliers += 1.0;
      }
  }
  const auto others = static_cast<double>(scores.size()) - outliers;
  if (outliers == 0.0 || others == 0.0)
    return std::nullopt;
  return (rank_sum - outliers * (outliers + 1.0) / 2.0) / (outliers * others);
}

} // namespace millrace::logic::detection
