#pragma once

#include "adapters/geoip/mmdb_data.hpp"
#include "logic/core/result.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::adapters::geoip {

/// What the metadata section of a file says.
struct MmdbMetadata {
  std::uint32_t node_count = 0;
  std::uint32_t record_bits = 0; ///< 24, 28 or 32
  int ip_version = 0; ///< 4 or 6
  std::string database_type;
  std::uint64_t build_time_s = 0; ///< seconds since 1970, 0 where absent
};

/// The search tree and data section of one file, over bytes that somebody
/// else keeps alive. Format: https://maxmind.github.io/MaxMind-DB/, 2.0.
/// Never reads outside those bytes, whatever they hold. Any thread.
class MmdbTree {
public:
  /// One side of a node: below `node_count` the number of a node, equal to it
  /// nothing, above it a place in the data section.
  using Record = std::uint32_t;

  /// Errors say what is wrong without naming the file. Checks every record
  /// of the tree and decodes a sample of the data.
  static logic::Result<MmdbTree> parse(std::string_view file);

  const MmdbMetadata& metadata() const noexcept { return metadata_; }
  const MmdbData& data() const noexcept { return data_; }

  bool is_node(Record record) const noexcept {
    return record < metadata_.node_count;
  }

  /// One more than the offset in the data section, 0 for nothing or a node.
  std::uint32_t data_key(Record record) const noexcept {
    const std::uint32_t first = metadata_.node_count + separator_bytes;
    return record >= first ? record - first + 1 : 0;
  }

  /// For `is_node(node)`.
  Record child(Record node, bool right) const noexcept {
    // A node of 28-bit records is 7 bytes; the byte read beyond the last one
    // belongs to the separator behind the tree.
    std::uint64_t word = 0;
    std::memcpy(&word, nodes_ + std::size_t{node} * node_bytes_, sizeof word);
    word = big_endian_word(word);
    switch (metadata_.record_bits) {
      case 24:
        return static_cast<Record>((right ? word >> 16 : word >> 40)
                                   & 0xff'ffff);
      case 28: {
        const auto shared = static_cast<Record>(word >> 32) & 0xff;
        return right ? (shared & 0x0f) << 24
                         | (static_cast<Record>(word >> 8) & 0xff'ffff)
                     : (shared & 0xf0) << 20 | static_cast<Record>(word >> 40);
      }
      default:
        return static_cast<Record>(right ? word : word >> 32);
    }
  }

  void prefetch(Record node) const noexcept {
    // A node may straddle two cache lines.
    const char* first = nodes_ + std::size_t{node} * node_bytes_;
    __builtin_prefetch(first);
    __builtin_prefetch(first + node_bytes_ - 1);
  }

  /// Where v4 addresses start: the root of a v4 file, ::/96 of a v6 file, or
  /// ::ffff:0:0/96 where that is empty. Absent where the file has no v4.
  std::optional<Record> root_v4() const noexcept;

  /// Absent where the file is not for v6 addresses.
  std::optional<Record> root_v6() const noexcept;

private:
  static constexpr std::uint32_t separator_bytes = 16;

  static std::uint64_t big_endian_word(std::uint64_t word) noexcept {
    if constexpr (std::endian::native == std::endian::little)
      return __builtin_bswap64(word);
    return word;
  }

  logic::Result<void> check_records() const;
  Record descend(std::uint64_t path, int path_bits, Record from) const noexcept;

  MmdbMetadata metadata_;
  const char* nodes_ = nullptr;
  std::size_t node_bytes_ = 0;
  MmdbData data_;
};

} // namespace millrace::adapters::geoip
