#pragma once

#include "adapters/geoip/mmdb_tree.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::adapters::geoip {

/// The first levels of a search tree laid flat: one entry for each value of
/// the first bits of an address, so that one read replaces up to twenty.
class PrefixTable {
public:
  /// 20 bits (4 MiB) for large trees, 16 bits (256 KiB) for small ones.
  PrefixTable(const MmdbTree& tree, MmdbTree::Record root);

  int prefix_bits() const noexcept { return prefix_bits_; }

  /// The record reached after the first bits of `high`, an address that
  /// starts at the most significant bit.
  const MmdbTree::Record& operator[](std::uint64_t high) const noexcept {
    return entries_[static_cast<std::size_t>(high >> (64 - prefix_bits_))];
  }

private:
  void fill(const MmdbTree& tree, MmdbTree::Record record, int depth,
            std::size_t first);

  int prefix_bits_;
  std::vector<MmdbTree::Record> entries_;
};

} // namespace millrace::adapters::geoip
