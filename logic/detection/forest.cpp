#include "logic/detection/forest.hpp"

#include <array>
#include <bit>
#include <cassert>
#include <cmath>

namespace millrace::logic::detection {

namespace {

/// c(n) for every sample size there is. With the paper's estimate of the
/// harmonic number, ln(i) + 0.5772156649, not the exact one: they differ for
/// few rows, and published scores rest on the estimate.
std::array<double, max_sample_size + 1> mean_path_lengths() noexcept {
  constexpr double euler = 0.57721566490153286;
  std::array<double, max_sample_size + 1> lengths{};
  lengths[2] = 1.0;
  for (std::size_t n = 3; n <= max_sample_size; ++n) {
    const auto others = static_cast<double>(n - 1);
    lengths[n] = 2.0 * (std::log(others) + euler)
                 - 2.0 * others / static_cast<double>(n);
  }
  return lengths;
}

float path_length(const ForestTree& tree, std::span<const float> row) noexcept {
  std::size_t index = 0;
  while (tree[index].feature != ForestNode::leaf) {
    const auto& node = tree[index];
    // Written so that NaN goes left.
    index = row[node.feature] >= node.value ? node.right : index + 1;
  }
  return tree[index].value;
}

} // namespace

double mean_path_length(std::size_t rows) noexcept {
  assert(rows <= max_sample_size);
  static const auto lengths = mean_path_lengths();
  return lengths[rows];
}

std::size_t height_limit(std::size_t sample_size) noexcept {
  return sample_size < 2
           ? 0
           : static_cast<std::size_t>(std::bit_width(sample_size - 1));
}

float Forest::score(std::span<const float> row) const noexcept {
  assert(row.size() == features);
  double sum = 0.0;
  for (const auto& tree : trees)
    sum += static_cast<double>(path_length(tree, row));
  const auto mean = sum / static_cast<double>(trees.size());
  return static_cast<float>(std::exp2(-mean / mean_path_length(sample_size)));
}

} // namespace millrace::logic::detection
