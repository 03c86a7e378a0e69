#include "adapters/geoip/mmdb_data.hpp"

#include <bit>
#include <charconv>
#include <cmath>

namespace millrace::adapters::geoip {

namespace {

/// Sizes from here on stand in the bytes that follow.
constexpr std::uint32_t first_long_size = 29;
constexpr std::uint32_t long_size_base[] = {29, 285, 65'821};
/// Pointers of two and three bytes start where shorter ones end.
constexpr std::uint32_t pointer_base[] = {0, 2'048, 526'336, 0};

constexpr unsigned extended_type_base = 7;

bool is_known(unsigned type) noexcept {
  return (type >= 1 && type <= 11) || type == 14 || type == 15;
}

double widen(float number) noexcept {
  if (!std::isfinite(number))
    return number;
  char text[64];
  const auto written = std::to_chars(text, text + sizeof text, number);
  double result = number;
  std::from_chars(text, written.ptr, result);
  return result;
}

} // namespace

std::optional<std::uint64_t>
MmdbData::big_endian(std::size_t offset, std::size_t bytes) const noexcept {
  if (bytes > 8 || offset > section_.size() || section_.size() - offset < bytes)
    return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value = value << 8 | static_cast<unsigned char>(section_[offset + i]);
  return value;
}

std::optional<MmdbData::Header>
MmdbData::header_at(std::size_t offset) const noexcept {
  const auto control = big_endian(offset, 1);
  if (!control)
    return std::nullopt;
  std::size_t at = offset + 1;
  auto type = static_cast<unsigned>(*control >> 5);
  const auto low = static_cast<std::uint32_t>(*control & 31);
  if (type == 1) {
    const std::size_t more = low >> 3;
    const auto rest = big_endian(at, more + 1);
    if (!rest)
      return std::nullopt;
    const std::uint64_t high = more == 3
                                 ? 0
                                 : std::uint64_t{low & 7} << (8 * (more + 1));
    const MmdbItem item{.type = MmdbType::pointer, .payload = at + more + 1};
    return Header{item, high + *rest + pointer_base[more]};
  }
  if (type == 0) {
    const auto extended = big_endian(at, 1);
    if (!extended || *extended == 0)
      return std::nullopt;
    type = extended_type_base + static_cast<unsigned>(*extended);
    ++at;
  }
  if (!is_known(type))
    return std::nullopt;
  std::uint32_t size = low;
  if (low >= first_long_size) {
    const std::size_t more = low - first_long_size + 1;
    const auto rest = big_endian(at, more);
    if (!rest)
      return std::nullopt;
    size = long_size_base[more - 1] + static_cast<std::uint32_t>(*rest);
    at += more;
  }
  const MmdbItem item{
    .type = static_cast<MmdbType>(type), .size = size, .payload = at};
  return Header{item, 0};
}

std::optional<MmdbItem> MmdbData::item_at(std::size_t offset) const noexcept {
  auto header = header_at(offset);
  if (header && header->item.type == MmdbType::pointer)
    header = header_at(header->target);
  // The format forbids pointers to pointers.
  if (!header || header->item.type == MmdbType::pointer)
    return std::nullopt;
  return header->item;
}

std::optional<std::size_t> MmdbData::end_of(std::size_t offset) const noexcept {
  std::uint64_t pending = 1;
  for (int items = 0; pending > 0; ++items) {
    const auto header = header_at(offset);
    if (!header || items == max_items)
      return std::nullopt;
    --pending;
    const MmdbItem& item = header->item;
    offset = item.payload;
    if (item.type == MmdbType::map)
      pending += std::uint64_t{2} * item.size;
    else if (item.type == MmdbType::array)
      pending += item.size;
    else if (item.type != MmdbType::pointer && item.type != MmdbType::boolean)
      offset += item.size;
    if (offset > section_.size())
      return std::nullopt;
  }
  return offset;
}

std::optional<std::string_view>
MmdbData::text_at(std::size_t offset) const noexcept {
  const auto item = item_at(offset);
  if (!item || item->type != MmdbType::text
      || section_.size() - item->payload < item->size)
    return std::nullopt;
  return section_.substr(item->payload, item->size);
}

std::optional<std::uint64_t>
MmdbData::unsigned_at(std::size_t offset) const noexcept {
  const auto item = item_at(offset);
  if (!item)
    return std::nullopt;
  switch (item->type) {
    case MmdbType::uint16:
    case MmdbType::uint32:
    case MmdbType::uint64:
      return big_endian(item->payload, item->size);
    case MmdbType::int32: {
      const auto bits = big_endian(item->payload, item->size);
      if (!bits || *bits > 0x7fff'ffffU)
        return std::nullopt;
      return bits;
    }
    default:
      return std::nullopt;
  }
}

std::optional<double> MmdbData::number_at(std::size_t offset) const noexcept {
  const auto item = item_at(offset);
  if (!item)
    return std::nullopt;
  const auto bits = big_endian(item->payload, item->size);
  if (!bits)
    return std::nullopt;
  switch (item->type) {
    case MmdbType::number_double:
      if (item->size != 8)
        return std::nullopt;
      return std::bit_cast<double>(*bits);
    case MmdbType::number_float:
      if (item->size != 4)
        return std::nullopt;
      return widen(std::bit_cast<float>(static_cast<std::uint32_t>(*bits)));
    case MmdbType::int32:
      return std::bit_cast<std::int32_t>(static_cast<std::uint32_t>(*bits));
    case MmdbType::uint16:
    case MmdbType::uint32:
    case MmdbType::uint64:
      return static_cast<double>(*bits);
    default:
      return std::nullopt;
  }
}

} // namespace millrace::adapters::geoip
