#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace::logic::detection {

/// Numbers of many rows, row after row: `values.size()` is a multiple of
/// `width`. Does not own the numbers.
struct RowsView {
  std::span<const float> values;
  std::size_t width = 0;

  std::size_t size() const noexcept {
    return width == 0 ? 0 : values.size() / width;
  }
  std::span<const float> operator[](std::size_t row) const noexcept {
    return values.subspan(row * width, width);
  }
};

/// Bounds of everything that can be built or loaded.
inline constexpr std::size_t max_trees = 256;
inline constexpr std::size_t max_sample_size = 4096;
inline constexpr std::size_t max_features = 64;

/// A node of an isolation tree. Nodes stand in pre-order, so the left child
/// of an inner node is its successor.
struct ForestNode {
  static constexpr std::uint32_t leaf = 0xFFFFFFFF;

  std::uint32_t feature = leaf; ///< column that is tested, or `leaf`
  std::uint32_t right = 0; ///< index of the right child in the tree
  /// Inner: rows with value >= threshold go right; NaN goes left.
  /// Leaf: the path length that ends here, depth + c(rows of the leaf).
  float value = 0.0F;
};

/// One tree; `front()` is the root.
using ForestTree = std::vector<ForestNode>;

/// An isolation forest as fitted (Liu, Ting, Zhou: Isolation Forest, ICDM
/// 2008). This is the exact form: what is stored, and what the compiled form
/// is checked against. Immutable in use; any thread.
struct Forest {
  std::size_t features = 0; ///< columns of a row, 1 to `max_features`
  std::size_t sample_size = 0; ///< rows that each tree was fitted on
  std::vector<ForestTree> trees;

  /// Score of one row of `features` numbers: 2^(-E(h) / c(sample_size)),
  /// in (0, 1]; about 0.5 for the ordinary, towards 1 for the isolated.
  float score(std::span<const float> row) const noexcept;
};

/// c(n): mean path length of an unsuccessful search in a binary search tree
/// of n rows; equation 1 of the paper; 0 for n < 2.
double mean_path_length(std::size_t rows) noexcept;

/// ceil(log2(sample_size)): where the paper stops growing a tree.
std::size_t height_limit(std::size_t sample_size) noexcept;

} // namespace millrace::logic::detection
