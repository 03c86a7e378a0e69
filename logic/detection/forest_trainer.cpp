#include "logic/detection/forest_trainer.hpp"

#include "logic/detection/random.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

namespace millrace::logic::detection {

namespace {

/// Keeps the distance of two values finite.
constexpr float largest_value = 1e30F;

/// Grows one tree after another from samples of the same rows.
class Grower {
public:
  Grower(RowsView rows, std::size_t sample_size, std::uint64_t seed)
    : rows_(rows), sample_size_(sample_size), limit_(height_limit(sample_size)),
      random_(seed), all_(rows.size()), sample_(sample_size),
      columns_(rows.width), values_(sample_size * rows.width) {
    std::iota(all_.begin(), all_.end(), 0U);
    std::iota(columns_.begin(), columns_.end(), 0U);
  }

  ForestTree grow() {
    draw_sample();
    tree_.clear();
    grow_node(0, sample_size_, 0);
    return std::move(tree_);
  }

private:
  struct Split {
    std::uint32_t feature = ForestNode::leaf;
    float threshold = 0.0F;
  };

  /// Rows without replacement, copied together: the tree reads them often.
  void draw_sample() {
    for (std::size_t i = 0; i != sample_size_; ++i) {
      std::swap(all_[i], all_[i + random_.below(all_.size() - i)]);
      sample_[i] = static_cast<std::uint32_t>(i);
      const auto row = rows_[all_[i]];
      std::transform(row.begin(), row.end(),
                     values_.begin()
                       + static_cast<std::ptrdiff_t>(i * rows_.width),
                     [](float value) {
                       // NaN passes: every comparison with it is false.
                       return value > largest_value    ? largest_value
                              : value < -largest_value ? -largest_value
                                                       : value;
                     });
    }
  }

  float value(std::uint32_t row, std::uint32_t feature) const noexcept {
    return values_[row * rows_.width + feature];
  }

  /// A feature at random among those that still tell rows apart, and a
  /// threshold at random in its range.
  Split choose_split(std::size_t begin, std::size_t end) {
    for (std::size_t tried = 0; tried != columns_.size(); ++tried) {
      std::swap(columns_[tried],
                columns_[tried + random_.below(columns_.size() - tried)]);
      const auto feature = columns_[tried];
      auto low = std::numeric_limits<float>::infinity();
      auto high = -low;
      for (auto i = begin; i != end; ++i) {
        const auto x = value(sample_[i], feature);
        low = x < low ? x : low;
        high = x > high ? x : high;
      }
      if (!(low < high))
        continue;
      const auto width = static_cast<double>(high) - static_cast<double>(low);
      auto threshold = static_cast<float>(static_cast<double>(low)
                                          + random_.unit() * width);
      // Both sides must keep a row, whatever the rounding did.
      if (!(threshold > low))
        threshold = std::nextafter(low, high);
      return {feature, std::min(threshold, high)};
    }
    return {};
  }

  void grow_node(std::size_t begin, std::size_t end, std::size_t depth) {
    const auto index = tree_.size();
    const auto split = end - begin > 1 && depth < limit_
                         ? choose_split(begin, end)
                         : Split{};
    if (split.feature == ForestNode::leaf) {
      const auto length = static_cast<double>(depth)
                          + mean_path_length(end - begin);
      tree_.push_back({ForestNode::leaf, 0, static_cast<float>(length)});
      return;
    }
    tree_.push_back({split.feature, 0, split.threshold});
    const auto from = sample_.begin();
    const auto middle = std::partition(
      from + static_cast<std::ptrdiff_t>(begin),
      from + static_cast<std::ptrdiff_t>(end), [&](std::uint32_t row) {
        return !(value(row, split.feature) >= split.threshold);
      });
    const auto cut = static_cast<std::size_t>(middle - from);
    grow_node(begin, cut, depth + 1);
    tree_[index].right = static_cast<std::uint32_t>(tree_.size());
    grow_node(cut, end, depth + 1);
  }

  RowsView rows_;
  std::size_t sample_size_;
  std::size_t limit_;
  Random random_;
  std::vector<std::uint32_t> all_; ///< row numbers, partly shuffled
  std::vector<std::uint32_t> sample_; ///< rows of `values_`, by node
  std::vector<std::uint32_t> columns_;
  std::vector<float> values_; ///< of the sampled rows, row after row
  ForestTree tree_;
};

Error refuse(std::string what) {
  return {ErrorCode::invalid_argument, "cannot fit a forest: " + what};
}

} // namespace

Result<Forest> fit_forest(RowsView rows, const FitOptions& options) {
  if (rows.width == 0 || rows.width > max_features)
    return refuse("rows have " + std::to_string(rows.width) + " columns; 1 to "
                  + std::to_string(max_features) + " are possible");
  if (rows.values.size() % rows.width != 0)
    return refuse(std::to_string(rows.values.size())
                  + " numbers do not make whole rows of "
                  + std::to_string(rows.width));
  if (rows.size() < 2 || rows.size() > std::numeric_limits<std::int32_t>::max())
    return refuse(std::to_string(rows.size())
                  + " rows given; at least 2 are needed");
  if (options.trees < 1 || options.trees > max_trees)
    return refuse(std::to_string(options.trees) + " trees asked for; 1 to "
                  + std::to_string(max_trees) + " are possible");
  if (options.sample_size < 2 || options.sample_size > max_sample_size)
    return refuse("samples of " + std::to_string(options.sample_size)
                  + " rows asked for; 2 to " + std::to_string(max_sample_size)
                  + " are possible");
  Forest forest;
  forest.features = rows.width;
  forest.sample_size = std::min(options.sample_size, rows.size());
  forest.trees.reserve(options.trees);
  Grower grower{rows, forest.sample_size, options.seed};
  for (std::size_t tree = 0; tree != options.trees; ++tree)
    forest.trees.push_back(grower.grow());
  return forest;
}

float choose_threshold(std::span<const float> scores, double contamination) {
  constexpr float ordinary = 0.5F;
  const auto allowed = static_cast<std::size_t>(
    std::max(0.0, contamination) * static_cast<double>(scores.size()));
  if (allowed >= scores.size())
    return ordinary;
  std::vector<float> sorted{scores.begin(), scores.end()};
  const auto first_refused = sorted.begin()
                             + static_cast<std::ptrdiff_t>(allowed);
  std::nth_element(sorted.begin(), first_refused, sorted.end(),
                   std::greater<>{});
  // Just above the first score that must stay below; equal scores with it.
  return std::max(ordinary, std::nextafter(*first_refused, 2.0F));
}

Result<ModelPtr> fit_model(RowsView rows,
                           std::vector<std::string> feature_names,
                           const FitOptions& options) {
  if (feature_names.size() != rows.width)
    return refuse(std::to_string(feature_names.size()) + " names given for "
                  + std::to_string(rows.width) + " columns");
  if (!(options.contamination >= 0.0 && options.contamination <= 0.5))
    return refuse("contamination " + std::to_string(options.contamination)
                  + " asked for; 0 to 0.5 is possible");
  auto forest = fit_forest(rows, options);
  if (!forest)
    return forest.error();
  ModelInfo info;
  info.feature_names = std::move(feature_names);
  info.training_rows = rows.size();
  info.seed = options.seed;
  info.contamination = options.contamination;
  const CompiledForest compiled{*forest};
  std::vector<float> scores(rows.size());
  compiled.score(rows, scores);
  info.threshold = choose_threshold(scores, options.contamination);
  return make_model(*std::move(forest), std::move(info));
}

} // namespace millrace::logic::detection
