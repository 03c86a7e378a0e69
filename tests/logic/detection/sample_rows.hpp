#pragma once

#include "logic/detection/forest.hpp"
#include "logic/detection/random.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace millrace::tests {

/// Rows of numbers to fit and score, drawn from a seed.
struct SampleRows {
  std::vector<float> values;
  std::size_t width = 0;

  logic::detection::RowsView view() const { return {values, width}; }
};

/// Bell-shaped columns, a skewed one and one of few values.
inline SampleRows random_rows(std::size_t count, std::size_t width,
                              std::uint64_t seed) {
  logic::detection::Random random{seed};
  SampleRows rows{{}, width};
  for (std::size_t i = 0; i != count * width; ++i) {
    const auto sum = random.unit() + random.unit() + random.unit();
    switch (i % width % 4) {
      case 1:
        rows.values.push_back(static_cast<float>(std::exp(3.0 * sum)));
        break;
      case 2:
        rows.values.push_back(static_cast<float>(std::floor(2.0 * sum)));
        break;
      default:
        rows.values.push_back(static_cast<float>(sum));
    }
  }
  return rows;
}

/// The same with values that are no ordinary numbers strewn in.
inline SampleRows odd_rows(std::size_t count, std::size_t width,
                           std::uint64_t seed) {
  constexpr auto infinity = std::numeric_limits<float>::infinity();
  constexpr float odd[] = {infinity,
                           -infinity,
                           std::numeric_limits<float>::quiet_NaN(),
                           -0.0F,
                           std::numeric_limits<float>::denorm_min(),
                           std::numeric_limits<float>::max(),
                           std::numeric_limits<float>::lowest()};
  auto rows = random_rows(count, width, seed);
  logic::detection::Random random{seed + 1};
  for (auto& value : rows.values)
    if (random.below(10) == 0)
      value = odd[random.below(std::size(odd))];
  return rows;
}

} // namespace millrace::tests
