#pragma once

#include "logic/detection/forest.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace millrace::logic::detection {

/// Ways to walk the compiled trees. All give the same bits.
enum class ForestKernel : std::uint8_t { portable, avx2, avx512 };

/// "portable", "avx2", "avx512".
std::string_view to_string(ForestKernel kernel) noexcept;

/// Whether this processor can run `kernel`.
bool supported(ForestKernel kernel) noexcept;

/// Turns values of one feature into ranks: the number of cut points that are
/// less than or equal to the value, 0 to 255. A table over equal stretches
/// of the range leads to the rank; only where several cut points share a
/// stretch they are searched.
class RankTable {
public:
  static constexpr std::size_t max_cuts = 255;

  RankTable() = default;
  /// `cuts` ascending, distinct and finite; at most `max_cuts`.
  explicit RankTable(std::vector<float> cuts);

  std::uint8_t rank(float value) const noexcept;
  std::size_t cuts() const noexcept { return cut_count_; }

private:
  static constexpr std::size_t stretches = 1024;

  std::size_t stretch_of(float value) const noexcept;

  float low_ = 0.0F;
  float scale_ = 0.0F;
  std::size_t cut_count_ = 0;
  /// One NaN behind the last cut point: no value reaches it.
  std::array<float, max_cuts + 1> cut_points_{};
  /// Cut points in all stretches before this one.
  std::array<std::uint8_t, stretches + 1> before_{};
};

/// The forest in the form that scores a stream: complete trees by level,
/// features and thresholds (as ranks) and path lengths in one byte each, so
/// that a register holds 32 or 64 events and sums are integers. Differs from
/// the exact score by at most 0.013 where a feature has more than 255
/// distinct thresholds. Immutable; any thread.
class CompiledForest {
public:
  explicit CompiledForest(const Forest& forest);

  std::size_t features() const noexcept { return features_; }

  /// Scores `rows` (width `features()`) into `scores` (as many) with the
  /// best kernel of this processor. Does not allocate.
  void score(RowsView rows, std::span<float> scores) const noexcept;

  /// The same with a given kernel; falls back to `portable` where the trees
  /// are too deep or too wide for it. `kernel` must be `supported`.
  void score(RowsView rows, std::span<float> scores,
             ForestKernel kernel) const noexcept;

private:
  void score_block(RowsView rows, std::span<float> scores,
                   ForestKernel kernel) const noexcept;

  std::size_t features_ = 0;
  std::size_t tree_count_ = 0;
  std::size_t levels_ = 0; ///< of inner nodes, 8 or more
  /// Per tree three runs of `1 << levels_` bytes: feature of a node,
  /// threshold rank of a node (both by heap index, root 1), path length of
  /// a leaf.
  std::vector<std::uint8_t> bytes_;
  std::vector<RankTable> ranks_;
  /// Exponent of 2 per unit of a row's summed path length; negative.
  float exponent_per_unit_ = 0.0F;
};

} // namespace millrace::logic::detection
