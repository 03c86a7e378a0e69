#include "adapters/geoip/prefix_table.hpp"

#include <algorithm>

namespace millrace::adapters::geoip {

namespace {

constexpr std::uint32_t large_tree_nodes = 100'000;

} // namespace

PrefixTable::PrefixTable(const MmdbTree& tree, MmdbTree::Record root)
  : prefix_bits_(tree.metadata().node_count < large_tree_nodes ? 16 : 20),
    entries_(std::size_t{1} << prefix_bits_) {
  fill(tree, root, 0, 0);
}

/// Recursion ends after `prefix_bits_` levels, even in a tree with cycles.
void PrefixTable::fill(const MmdbTree& tree, MmdbTree::Record record, int depth,
                       std::size_t first) {
  const std::size_t covered = std::size_t{1} << (prefix_bits_ - depth);
  if (depth == prefix_bits_ || !tree.is_node(record)) {
    std::fill_n(entries_.begin() + static_cast<std::ptrdiff_t>(first), covered,
                record);
    return;
  }
  fill(tree, tree.child(record, false), depth + 1, first);
  fill(tree, tree.child(record, true), depth + 1, first + covered / 2);
}

} // namespace millrace::adapters::geoip
