#include "logic/detection/forest_kernel.hpp"

namespace millrace::logic::detection::kernel {

void sum_paths_portable(const Trees& trees, const RankBlock& ranks,
                        SumBlock& sums) noexcept {
  // So many events walk a tree side by side: each walk alone is one chain of
  // dependent loads.
  constexpr std::size_t abreast = 8;
  const std::size_t nodes = std::size_t{1} << trees.levels;
  sums.of_event.fill(0);
  for (std::size_t tree = 0; tree != trees.count; ++tree) {
    const auto* features = trees.bytes + tree * 3 * nodes;
    const auto* thresholds = features + nodes;
    const auto* lengths = thresholds + nodes;
    for (std::size_t first = 0; first != block_events; first += abreast) {
      std::array<std::uint32_t, abreast> node;
      node.fill(1);
      for (std::size_t level = 0; level != trees.levels; ++level)
        for (std::size_t k = 0; k != abreast; ++k) {
          const auto rank = ranks.of_feature[features[node[k]]][first + k];
          const std::uint32_t right = rank >= thresholds[node[k]] ? 1 : 0;
          node[k] = 2 * node[k] + right;
        }
      for (std::size_t k = 0; k != abreast; ++k) {
        auto& sum = sums.of_event[first + k];
        sum = static_cast<std::uint16_t>(sum + lengths[node[k] - nodes]);
      }
    }
  }
}

} // namespace millrace::logic::detection::kernel
