#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::adapters::geoip {

/// Value types of the MaxMind DB format, by their numbers in the file.
enum class MmdbType : std::uint8_t {
  pointer = 1,
  text = 2,
  number_double = 3,
  bytes = 4,
  uint16 = 5,
  uint32 = 6,
  map = 7,
  int32 = 8,
  uint64 = 9,
  uint128 = 10,
  array = 11,
  boolean = 14,
  number_float = 15,
};

/// One value: what its first bytes say.
struct MmdbItem {
  MmdbType type = MmdbType::map;
  /// Bytes of a scalar, members of a map, elements of an array.
  std::uint32_t size = 0;
  std::size_t payload = 0; ///< where its bytes or its first member stand
};

/// Decodes a data or metadata section of a file that nobody vouches for:
/// every read is bounded by the section, nothing recurses, and the work of
/// one object is bounded by `max_items`.
class MmdbData {
public:
  /// Far above what location records need (some 200 with names in eight
  /// languages).
  static constexpr int max_items = 2'000;
  /// Of a map that is visited; real ones have some twenty members. Small, as
  /// pointers let a hostile file nest the same map in itself.
  static constexpr std::uint32_t max_members = 256;

  MmdbData() = default;
  explicit MmdbData(std::string_view section) noexcept : section_(section) {}

  std::size_t size_bytes() const noexcept { return section_.size(); }

  /// The value at an offset, after following one pointer. Absent where the
  /// section ends too early or the bytes mean nothing.
  std::optional<MmdbItem> item_at(std::size_t offset) const noexcept;

  /// Where the value at an offset ends.
  std::optional<std::size_t> end_of(std::size_t offset) const noexcept;

  std::optional<std::string_view> text_at(std::size_t offset) const noexcept;

  /// A number of any type as a double. A float becomes the double with the
  /// shortest decimal text that means the same float: 37.751, not
  /// 37.750999450683594.
  std::optional<double> number_at(std::size_t offset) const noexcept;

  std::optional<std::uint64_t> unsigned_at(std::size_t offset) const noexcept;

  /// Calls `visit(name, value_offset)` for each member of the map at an
  /// offset; false where that is no map or is broken.
  template <class Visitor>
  bool for_each_member(std::size_t offset, Visitor&& visit) const {
    const auto map = item_at(offset);
    if (!map || map->type != MmdbType::map || map->size > max_members)
      return false;
    std::size_t at = map->payload;
    for (std::uint32_t i = 0; i < map->size; ++i) {
      const auto name = text_at(at);
      const auto value = end_of(at);
      const auto next = value ? end_of(*value) : std::nullopt;
      if (!name || !next)
        return false;
      visit(*name, *value);
      at = *next;
    }
    return true;
  }

private:
  struct Header {
    MmdbItem item;
    std::size_t target = 0; ///< of a pointer
  };

  std::optional<Header> header_at(std::size_t offset) const noexcept;
  std::optional<std::uint64_t> big_endian(std::size_t offset,
                                          std::size_t bytes) const noexcept;

  std::string_view section_;
};

} // namespace millrace::adapters::geoip
