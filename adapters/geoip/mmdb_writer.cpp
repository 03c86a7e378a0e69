#include "adapters/geoip/mmdb_writer.hpp"

#include "adapters/files/whole_file.hpp"
#include "adapters/geoip/mmdb_data.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <type_traits>

namespace millrace::adapters::geoip {

namespace {

using logic::Error;
using logic::ErrorCode;
using logic::geo::AddressFamily;
using logic::geo::IpAddress;

constexpr std::size_t separator_bytes = 16;
constexpr int v4_path_bits = 96;
/// A pointer takes up to five bytes: shorter texts are repeated instead.
constexpr std::size_t longest_inline_text = 3;

void append_big_endian(std::string& out, std::uint64_t number,
                       std::size_t bytes) {
  for (std::size_t i = bytes; i-- > 0;)
    out += static_cast<char>(number >> (8 * i) & 0xff);
}

void append_control(std::string& out, MmdbType type, std::size_t size) {
  const auto number = static_cast<unsigned>(type);
  const unsigned high = number <= 7 ? number << 5 : 0;
  std::string more;
  unsigned low = static_cast<unsigned>(size);
  if (size >= 65'821) {
    low = 31;
    append_big_endian(more, size - 65'821, 3);
  } else if (size >= 285) {
    low = 30;
    append_big_endian(more, size - 285, 2);
  } else if (size >= 29) {
    low = 29;
    append_big_endian(more, size - 29, 1);
  }
  out += static_cast<char>(high | low);
  if (number > 7)
    out += static_cast<char>(number - 7);
  out += more;
}

void append_pointer(std::string& out, std::uint32_t offset) {
  constexpr unsigned type = 1U << 5;
  if (offset < 2'048) {
    append_big_endian(out, (type << 8) | offset, 2);
  } else if (offset < 526'336) {
    append_big_endian(out, ((type | 1U << 3) << 16) | (offset - 2'048), 3);
  } else {
    out += static_cast<char>(type | 3U << 3);
    append_big_endian(out, offset, 4);
  }
}

void append_unsigned(std::string& out, MmdbType type, std::uint64_t number) {
  const auto bytes = static_cast<std::size_t>((std::bit_width(number) + 7) / 8);
  append_control(out, type, bytes);
  append_big_endian(out, number, bytes);
}

/// Appends a value; `append_inner` appends names and members.
template <class AppendInner>
void append_value(std::string& out, const MmdbValue& value,
                  AppendInner&& append_inner) {
  std::visit(
    [&](const auto& held) {
      using T = std::decay_t<decltype(held)>;
      if constexpr (std::is_same_v<T, std::string>) {
        append_control(out, MmdbType::text, held.size());
        out += held;
      } else if constexpr (std::is_same_v<T, double>) {
        append_control(out, MmdbType::number_double, 8);
        append_big_endian(out, std::bit_cast<std::uint64_t>(held), 8);
      } else if constexpr (std::is_same_v<T, float>) {
        append_control(out, MmdbType::number_float, 4);
        append_big_endian(out, std::bit_cast<std::uint32_t>(held), 4);
      } else if constexpr (std::is_same_v<T, std::uint16_t>) {
        append_unsigned(out, MmdbType::uint16, held);
      } else if constexpr (std::is_same_v<T, std::uint32_t>) {
        append_unsigned(out, MmdbType::uint32, held);
      } else if constexpr (std::is_same_v<T, std::uint64_t>) {
        append_unsigned(out, MmdbType::uint64, held);
      } else if constexpr (std::is_same_v<T, MmdbMap>) {
        append_control(out, MmdbType::map, held.size());
        for (const MmdbMember& member : held) {
          append_inner(out, MmdbValue{member.name});
          append_inner(out, member.value);
        }
      } else {
        append_control(out, MmdbType::array, held.size());
        for (const MmdbValue& element : held)
          append_inner(out, element);
      }
    },
    value.get());
}

/// Without pointers, as the metadata section has no place to point to.
void append_plain(std::string& out, const MmdbValue& value) {
  append_value(out, value, append_plain);
}

bool bit_of(const std::array<std::uint8_t, 16>& path, int depth) noexcept {
  const auto byte = path[static_cast<std::size_t>(depth) / 8];
  return (byte >> (7 - depth % 8) & 1) != 0;
}

} // namespace

MmdbValue::MmdbValue(const char* text) : value_(std::string{text}) {}
MmdbValue::MmdbValue(std::string_view text) : value_(std::string{text}) {}
MmdbValue::MmdbValue(std::string text) : value_(std::move(text)) {}
MmdbValue::MmdbValue(double number) : value_(number) {}
MmdbValue::MmdbValue(float number) : value_(number) {}
MmdbValue::MmdbValue(std::uint16_t number) : value_(number) {}
MmdbValue::MmdbValue(std::uint32_t number) : value_(number) {}
MmdbValue::MmdbValue(std::uint64_t number) : value_(number) {}
MmdbValue::MmdbValue(MmdbMap map) : value_(std::move(map)) {}
MmdbValue::MmdbValue(MmdbArray array) : value_(std::move(array)) {}

MmdbWriter::MmdbWriter(MmdbLayout layout)
  : layout_(std::move(layout)), nodes_(1) {}

logic::Result<void> MmdbWriter::insert(const IpAddress& address,
                                       int prefix_bits,
                                       const MmdbValue& value) {
  const bool v4 = address.family == AddressFamily::v4;
  const int address_bits = v4 ? 32 : 128;
  if (address.family == AddressFamily::none || prefix_bits < 0
      || prefix_bits > address_bits || (!v4 && layout_.ip_version == 4))
    return Error{ErrorCode::invalid_argument,
                 "a database for IP version "
                   + std::to_string(layout_.ip_version)
                   + " cannot take the network " + to_string(address) + "/"
                   + std::to_string(prefix_bits)};
  std::array<std::uint8_t, 16> path = address.bytes;
  int path_bits = prefix_bits;
  if (v4 && layout_.ip_version == 6) {
    path = {};
    std::copy_n(address.bytes.begin(), 4, path.begin() + 12);
    path_bits += v4_path_bits;
  }
  place_child(nodes_, path, path_bits, {Child::Kind::value, intern(value)});
  return {};
}

void MmdbWriter::place_child(std::vector<Node>& nodes,
                             const std::array<std::uint8_t, 16>& path,
                             int path_bits, Child child) {
  if (path_bits == 0) {
    nodes[0] = {child, child};
    return;
  }
  std::size_t node = 0;
  for (int depth = 0; depth + 1 < path_bits; ++depth) {
    const std::size_t side = bit_of(path, depth) ? 1 : 0;
    const Child next = nodes[node][side];
    if (next.kind == Child::Kind::node) {
      node = next.index;
      continue;
    }
    // Both halves inherit the value of the network that is split, if any.
    nodes[node][side] = {Child::Kind::node,
                         static_cast<std::uint32_t>(nodes.size())};
    node = nodes.size();
    nodes.push_back({next, next});
  }
  nodes[node][bit_of(path, path_bits - 1) ? 1 : 0] = child;
}

MmdbWriter::Child MmdbWriter::child_at(const std::vector<Node>& nodes,
                                       const std::array<std::uint8_t, 16>& path,
                                       int path_bits) {
  Child child{Child::Kind::node, 0};
  for (int depth = 0; depth < path_bits; ++depth) {
    if (child.kind != Child::Kind::node)
      return {};
    child = nodes[child.index][bit_of(path, depth) ? 1 : 0];
  }
  return child;
}

std::uint32_t MmdbWriter::intern(const MmdbValue& value) {
  std::string bytes;
  append_value(bytes, value, [this](std::string& out, const MmdbValue& inner) {
    append_shared(out, inner);
  });
  const auto found = offsets_.find(bytes);
  if (found != offsets_.end())
    return found->second;
  const auto offset = static_cast<std::uint32_t>(data_.size());
  data_ += bytes;
  offsets_.emplace(std::move(bytes), offset);
  return offset;
}

void MmdbWriter::append_shared(std::string& out, const MmdbValue& value) {
  const auto* text = std::get_if<std::string>(&value.get());
  const bool shared = text != nullptr
                        ? text->size() > longest_inline_text
                        : std::holds_alternative<MmdbMap>(value.get())
                            || std::holds_alternative<MmdbArray>(value.get());
  if (shared)
    append_pointer(out, intern(value));
  else
    append_plain(out, value);
}

std::vector<MmdbWriter::Node> MmdbWriter::nodes_with_alias() const {
  std::vector<Node> nodes = nodes_;
  if (layout_.ip_version == 6) {
    const Child v4 = child_at(nodes, {}, v4_path_bits);
    std::array<std::uint8_t, 16> mapped{};
    mapped[10] = mapped[11] = 0xff;
    if (v4.kind != Child::Kind::nothing)
      place_child(nodes, mapped, v4_path_bits, v4);
  }
  return nodes;
}

logic::Result<std::string> MmdbWriter::to_bytes() const {
  const std::vector<Node> nodes = nodes_with_alias();
  // Replaced networks leave nodes behind that nothing leads to any more.
  constexpr std::uint32_t unseen = 0xffff'ffff;
  std::vector<std::uint32_t> numbers(nodes.size(), unseen);
  std::vector<std::uint32_t> order{0};
  numbers[0] = 0;
  for (std::size_t at = 0; at < order.size(); ++at)
    for (const Child& child : nodes[order[at]])
      if (child.kind == Child::Kind::node && numbers[child.index] == unseen) {
        numbers[child.index] = static_cast<std::uint32_t>(order.size());
        order.push_back(child.index);
      }
  const std::uint64_t count = order.size();
  const auto record_of = [&](Child child) -> std::uint64_t {
    if (child.kind == Child::Kind::node)
      return numbers[child.index];
    return child.kind == Child::Kind::nothing
             ? count
             : count + separator_bytes + child.index;
  };
  if (layout_.record_bits != 24 && layout_.record_bits != 28
      && layout_.record_bits != 32)
    return Error{ErrorCode::unsupported,
                 "records of " + std::to_string(layout_.record_bits) + " bits"};
  if (count + separator_bytes + data_.size() > std::uint64_t{1}
                                                 << layout_.record_bits)
    return Error{ErrorCode::unsupported,
                 "records of " + std::to_string(layout_.record_bits)
                   + " bits are too small for " + std::to_string(count)
                   + " nodes and " + std::to_string(data_.size())
                   + " bytes of data"};
  std::string out;
  for (const std::uint32_t index : order) {
    const std::uint64_t left = record_of(nodes[index][0]);
    const std::uint64_t right = record_of(nodes[index][1]);
    if (layout_.record_bits == 28) {
      append_big_endian(out, left & 0xff'ffff, 3);
      append_big_endian(out, (left >> 24 << 4) | right >> 24, 1);
      append_big_endian(out, right & 0xff'ffff, 3);
    } else {
      const auto bytes = static_cast<std::size_t>(layout_.record_bits / 8);
      append_big_endian(out, left, bytes);
      append_big_endian(out, right, bytes);
    }
  }
  out.append(separator_bytes, '\0');
  out += data_;
  out += "\xab\xcd\xefMaxMind.com";
  out += metadata(order.size());
  return out;
}

std::string MmdbWriter::metadata(std::size_t node_count) const {
  const auto small = [](int number) {
    return MmdbValue{static_cast<std::uint16_t>(number)};
  };
  const MmdbMap map{
    {"binary_format_major_version", small(2)},
    {"binary_format_minor_version", small(0)},
    {"build_epoch", layout_.build_time_s},
    {"database_type", layout_.database_type},
    {"description", MmdbMap{{"en", layout_.description}}},
    {"ip_version", small(layout_.ip_version)},
    {"languages", MmdbArray{"en"}},
    {"node_count", static_cast<std::uint32_t>(node_count)},
    {"record_size", small(layout_.record_bits)},
  };
  std::string out;
  append_plain(out, map);
  return out;
}

logic::Result<void> MmdbWriter::write_file(const std::string& path) const {
  const auto bytes = to_bytes();
  if (!bytes)
    return bytes.error();
  return write_whole_file(path, *bytes);
}

} // namespace millrace::adapters::geoip
