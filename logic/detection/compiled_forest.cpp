#include "logic/detection/compiled_forest.hpp"

#include "logic/detection/forest_kernel.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

namespace millrace::logic::detection {

namespace {

/// All thresholds of one feature, and what stands for them as cut points.
class Cuts {
public:
  void add(float threshold) { distinct_.push_back(threshold); }

  void close() {
    std::sort(distinct_.begin(), distinct_.end());
    distinct_.erase(std::unique(distinct_.begin(), distinct_.end()),
                    distinct_.end());
  }

  std::size_t size() const noexcept {
    return std::min(distinct_.size(), RankTable::max_cuts);
  }

  /// Runs of neighbouring thresholds, equally long, each stood for by its
  /// middle.
  std::vector<float> points() const {
    std::vector<float> points(size());
    for (std::size_t run = 0; run != size(); ++run)
      points[run] = distinct_[(begin_of(run) + begin_of(run + 1) - 1) / 2];
    return points;
  }

  /// The least rank that goes right at this threshold.
  std::uint8_t rank_of(float threshold) const noexcept {
    const auto found = std::lower_bound(distinct_.begin(), distinct_.end(),
                                        threshold);
    const auto position = static_cast<std::size_t>(found - distinct_.begin());
    auto run = position * size() / distinct_.size();
    while (begin_of(run + 1) <= position)
      ++run;
    return static_cast<std::uint8_t>(run + 1);
  }

private:
  std::size_t begin_of(std::size_t run) const noexcept {
    return run * distinct_.size() / size();
  }

  std::vector<float> distinct_;
};

/// Writes one tree as a complete one: what hangs below an early leaf ends in
/// that leaf's path length whichever way it goes.
class Completer {
public:
  Completer(const ForestTree& tree, const std::vector<Cuts>& cuts,
            std::size_t levels, float unit, std::uint8_t* bytes)
    : tree_(tree), cuts_(cuts), levels_(levels), unit_(unit), bytes_(bytes) {}

  void write() { write_node(0, 1, 0); }

private:
  void write_node(std::size_t index, std::size_t heap, std::size_t level) {
    const auto& node = tree_[index];
    const std::size_t nodes = std::size_t{1} << levels_;
    if (node.feature == ForestNode::leaf) {
      const auto below = levels_ - level;
      const auto first = (heap << below) - nodes;
      const auto length = std::min(255L, std::lround(node.value / unit_));
      std::fill_n(bytes_ + 2 * nodes + first, std::size_t{1} << below,
                  static_cast<std::uint8_t>(length));
      return;
    }
    assert(level < levels_);
    bytes_[heap] = static_cast<std::uint8_t>(node.feature);
    bytes_[nodes + heap] = cuts_[node.feature].rank_of(node.value);
    write_node(index + 1, 2 * heap, level + 1);
    write_node(node.right, 2 * heap + 1, level + 1);
  }

  const ForestTree& tree_;
  const std::vector<Cuts>& cuts_;
  std::size_t levels_;
  float unit_;
  std::uint8_t* bytes_;
};

std::vector<Cuts> collect_cuts(const Forest& forest) {
  std::vector<Cuts> cuts(forest.features);
  for (const auto& tree : forest.trees)
    for (const auto& node : tree)
      if (node.feature != ForestNode::leaf)
        cuts[node.feature].add(node.value);
  for (auto& of_feature : cuts)
    of_feature.close();
  return cuts;
}

float longest_path(const Forest& forest) {
  float longest = 0.0F;
  for (const auto& tree : forest.trees)
    for (const auto& node : tree)
      if (node.feature == ForestNode::leaf)
        longest = std::max(longest, node.value);
  return longest;
}

ForestKernel best_kernel() noexcept {
  static const auto best = supported(ForestKernel::avx512)
                             ? ForestKernel::avx512
                           : supported(ForestKernel::avx2)
                             ? ForestKernel::avx2
                             : ForestKernel::portable;
  return best;
}

} // namespace

std::string_view to_string(ForestKernel kernel) noexcept {
  switch (kernel) {
    case ForestKernel::portable:
      return "portable";
    case ForestKernel::avx2:
      return "avx2";
    case ForestKernel::avx512:
      return "avx512";
  }
  return "unknown";
}

bool supported(ForestKernel kernel) noexcept {
#if defined(__x86_64__)
  if (kernel == ForestKernel::avx512)
    return __builtin_cpu_supports("avx512f") > 0
           && __builtin_cpu_supports("avx512bw") > 0;
  if (kernel == ForestKernel::avx2)
    return __builtin_cpu_supports("avx2") > 0;
#endif
  return kernel == ForestKernel::portable;
}

RankTable::RankTable(std::vector<float> cuts) : cut_count_(cuts.size()) {
  assert(cuts.size() <= max_cuts);
  cut_points_.fill(std::numeric_limits<float>::quiet_NaN());
  if (cuts.empty())
    return;
  std::copy(cuts.begin(), cuts.end(), cut_points_.begin());
  low_ = cuts.front();
  scale_ = static_cast<float>(stretches - 1) / (cuts.back() - low_);
  for (const auto cut : cuts)
    ++before_[stretch_of(cut) + 1];
  for (std::size_t i = 1; i != before_.size(); ++i)
    before_[i] = static_cast<std::uint8_t>(before_[i] + before_[i - 1]);
}

std::size_t RankTable::stretch_of(float value) const noexcept {
  // Rises with the value whatever the rounding, so that cut points of lower
  // stretches are less than the value. NaN lands in the first.
  auto position = (value - low_) * scale_;
  position = position > 0.0F ? position : 0.0F;
  constexpr auto last = static_cast<float>(stretches - 1);
  position = position < last ? position : last;
  return static_cast<std::size_t>(static_cast<std::int32_t>(position));
}

std::uint8_t RankTable::rank(float value) const noexcept {
  const auto stretch = stretch_of(value);
  const std::size_t first = before_[stretch];
  const std::size_t end = before_[stretch + 1];
  if (end - first < 2) {
    // Right even when the stretch has no cut point: the next one is above.
    const auto reached = value >= cut_points_[first] ? 1U : 0U;
    return static_cast<std::uint8_t>(first + reached);
  }
  if (std::isnan(value))
    return 0;
  const auto* points = cut_points_.data();
  return static_cast<std::uint8_t>(
    std::upper_bound(points + first, points + end, value) - points);
}

CompiledForest::CompiledForest(const Forest& forest)
  : features_(forest.features), tree_count_(forest.trees.size()),
    levels_(std::max(kernel::vector_levels, height_limit(forest.sample_size))) {
  assert(tree_count_ >= 1 && tree_count_ <= max_trees);
  assert(features_ >= 1 && features_ <= max_features);
  const auto cuts = collect_cuts(forest);
  ranks_.reserve(features_);
  for (const auto& of_feature : cuts)
    ranks_.emplace_back(of_feature.points());
  // A whole number of units per edge, so that paths that end in a single row
  // are exact. Lengths stay below 32: at most 12 edges and c(4096).
  const auto unit = 1.0F
                    / std::floor(255.0F / std::max(1.0F, longest_path(forest)));
  const auto tree_bytes = std::size_t{3} << levels_;
  bytes_.resize(tree_count_ * tree_bytes);
  for (std::size_t tree = 0; tree != tree_count_; ++tree)
    Completer{forest.trees[tree], cuts, levels_, unit,
              bytes_.data() + tree * tree_bytes}
      .write();
  const auto units_per_mean = static_cast<double>(tree_count_)
                              * mean_path_length(forest.sample_size);
  exponent_per_unit_ = static_cast<float>(-static_cast<double>(unit)
                                          / units_per_mean);
}

void CompiledForest::score(RowsView rows,
                           std::span<float> scores) const noexcept {
  score(rows, scores, best_kernel());
}

void CompiledForest::score(RowsView rows, std::span<float> scores,
                           ForestKernel kernel) const noexcept {
  assert(rows.width == features_ && rows.size() == scores.size());
  assert(supported(kernel));
  if (levels_ != kernel::vector_levels || features_ > kernel::vector_features)
    kernel = ForestKernel::portable;
  for (std::size_t first = 0; first < scores.size();
       first += kernel::block_events) {
    const auto count = std::min(kernel::block_events, scores.size() - first);
    score_block(
      {rows.values.subspan(first * features_, count * features_), features_},
      scores.subspan(first, count), kernel);
  }
}

void CompiledForest::score_block(RowsView rows, std::span<float> scores,
                                 ForestKernel kernel) const noexcept {
  kernel::RankBlock ranks;
  const auto readable = std::max(features_, kernel::vector_features);
  for (std::size_t feature = 0; feature != readable; ++feature) {
    auto& column = ranks.of_feature[feature];
    std::size_t event = 0;
    if (feature < features_)
      for (const auto& table = ranks_[feature]; event != scores.size(); ++event)
        column[event] = table.rank(rows.values[event * features_ + feature]);
    std::fill(column.begin() + static_cast<std::ptrdiff_t>(event), column.end(),
              std::uint8_t{0});
  }
  const kernel::Trees trees{bytes_.data(), tree_count_, levels_, features_};
  kernel::SumBlock sums;
  switch (kernel) {
#if defined(__x86_64__)
    case ForestKernel::avx512:
      kernel::sum_paths_avx512(trees, ranks, sums);
      break;
    case ForestKernel::avx2:
      kernel::sum_paths_avx2(trees, ranks, sums);
      break;
#endif
    default:
      kernel::sum_paths_portable(trees, ranks, sums);
  }
  for (std::size_t event = 0; event != scores.size(); ++event)
    scores[event] = std::exp2(exponent_per_unit_
                              * static_cast<float>(sums.of_event[event]));
}

} // namespace millrace::logic::detection
