#include "logic/geo/ip_address.hpp"

#include <cstddef>
#include <cstring>

namespace millrace::logic::geo {

namespace {

/// "0" has one digit, "00" and "01" are refused: some programs read them as
/// octal, so the same text would name two addresses.
const char* parse_octet(const char* at, const char* end,
                        std::uint8_t& octet) noexcept {
  if (at == end)
    return nullptr;
  unsigned value = static_cast<unsigned char>(*at) - unsigned{'0'};
  if (value > 9)
    return nullptr;
  ++at;
  for (int more = 0; more < 2 && at != end; ++more) {
    const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
    if (digit > 9)
      break;
    if (value == 0)
      return nullptr;
    value = value * 10 + digit;
    ++at;
  }
  if (value > 255)
    return nullptr;
  octet = static_cast<std::uint8_t>(value);
  return at;
}

bool parse_v4(const char* at, const char* end, std::uint8_t* octets) noexcept {
  for (int i = 0; i < 4; ++i) {
    if (i != 0) {
      if (at == end || *at != '.')
        return false;
      ++at;
    }
    at = parse_octet(at, end, octets[i]);
    if (at == nullptr)
      return false;
  }
  return at == end;
}

/// 16 for what is no hexadecimal digit.
constexpr unsigned hex_value(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  if (byte - unsigned{'0'} < 10)
    return byte - unsigned{'0'};
  const unsigned lower = byte | 0x20U;
  if (lower - unsigned{'a'} < 6)
    return lower - unsigned{'a'} + 10;
  return 16;
}

constexpr std::size_t v6_bytes = 16;

/// Reads groups into `bytes`, and notes where `::` stood.
struct V6Parser {
  std::uint8_t bytes[v6_bytes] = {};
  std::size_t filled = 0;
  std::size_t gap = v6_bytes + 1;

  bool has_gap() const noexcept { return gap <= v6_bytes; }

  bool add_group(unsigned value) noexcept {
    if (filled + 2 > v6_bytes)
      return false;
    bytes[filled++] = static_cast<std::uint8_t>(value >> 8);
    bytes[filled++] = static_cast<std::uint8_t>(value & 0xff);
    return true;
  }

  /// Moves what followed `::` to the end.
  bool close_gap() noexcept {
    if (!has_gap())
      return filled == v6_bytes;
    // "::" stands for at least one group (RFC 5952, 4.2.2 forbids writing
    // it so; RFC 4291 allows "one or more groups").
    if (filled > v6_bytes - 2)
      return false;
    const std::size_t tail = filled - gap;
    std::memmove(bytes + v6_bytes - tail, bytes + gap, tail);
    std::memset(bytes + gap, 0, v6_bytes - filled);
    return true;
  }

  bool parse(const char* at, const char* end) noexcept {
    if (end - at >= 2 && at[0] == ':' && at[1] == ':') {
      gap = 0;
      at += 2;
    }
    while (at != end) {
      const char* group = at;
      unsigned value = 0;
      for (; at != end && at - group < 4; ++at) {
        const unsigned digit = hex_value(*at);
        if (digit > 15)
          break;
        value = value << 4 | digit;
      }
      if (at != end && *at == '.') {
        if (filled + 4 > v6_bytes || !parse_v4(group, end, bytes + filled))
          return false;
        filled += 4;
        break;
      }
      if (at == group || !add_group(value))
        return false;
      if (at == end)
        break;
      if (*at != ':' || ++at == end)
        return false;
      if (*at == ':') {
        if (has_gap())
          return false;
        gap = filled;
        ++at;
      }
    }
    return close_gap();
  }
};

constexpr std::uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0,    0,
                                            0, 0, 0, 0, 0xff, 0xff};

/// "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".
constexpr std::size_t max_text_bytes = 45;

void append_octet(std::string& out, unsigned octet) {
  if (octet >= 100)
    out += static_cast<char>('0' + octet / 100);
  if (octet >= 10)
    out += static_cast<char>('0' + octet / 10 % 10);
  out += static_cast<char>('0' + octet % 10);
}

void append_group(std::string& out, unsigned group) {
  constexpr char digits[] = "0123456789abcdef";
  bool leading = true;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const unsigned digit = group >> shift & 0xf;
    if (leading && digit == 0 && shift != 0)
      continue;
    leading = false;
    out += digits[digit];
  }
}

std::string v6_text(const std::array<std::uint8_t, 16>& bytes) {
  unsigned groups[8];
  for (std::size_t i = 0; i < 8; ++i)
    groups[i] = unsigned{bytes[2 * i]} << 8 | bytes[2 * i + 1];
  // RFC 5952, 4.2: the longest run of zeros, the first of equals, never a
  // run of one.
  int run_begin = -1;
  int run_length = 1;
  for (int i = 0; i < 8; ++i) {
    int length = 0;
    while (i + length < 8 && groups[i + length] == 0)
      ++length;
    if (length > run_length) {
      run_begin = i;
      run_length = length;
    }
    i += length;
  }
  std::string out;
  for (int i = 0; i < 8;) {
    if (i == run_begin) {
      out += "::";
      i += run_length;
      continue;
    }
    if (!out.empty() && out.back() != ':')
      out += ':';
    append_group(out, groups[i]);
    ++i;
  }
  return out;
}

} // namespace

std::optional<IpAddress> parse_ip(std::string_view text) noexcept {
  if (text.empty() || text.size() > max_text_bytes)
    return std::nullopt;
  const char* begin = text.data();
  const char* end = begin + text.size();
  IpAddress result;
  if (parse_v4(begin, end, result.bytes.data())) {
    result.family = AddressFamily::v4;
    return result;
  }
  result.bytes = {};
  V6Parser parser;
  if (!parser.parse(begin, end))
    return std::nullopt;
  if (std::memcmp(parser.bytes, mapped_prefix, sizeof mapped_prefix) == 0) {
    std::memcpy(result.bytes.data(), parser.bytes + sizeof mapped_prefix, 4);
    result.family = AddressFamily::v4;
    return result;
  }
  std::memcpy(result.bytes.data(), parser.bytes, v6_bytes);
  result.family = AddressFamily::v6;
  return result;
}

IpAddress behind_nat64(const IpAddress& address) noexcept {
  constexpr std::uint8_t prefix[12] = {0x00, 0x64, 0xff, 0x9b};
  if (address.family != AddressFamily::v6
      || std::memcmp(address.bytes.data(), prefix, sizeof prefix) != 0)
    return address;
  IpAddress inside;
  inside.family = AddressFamily::v4;
  std::memcpy(inside.bytes.data(), address.bytes.data() + sizeof prefix, 4);
  return inside;
}

std::string to_string(const IpAddress& address) {
  switch (address.family) {
    case AddressFamily::none:
      break;
    case AddressFamily::v6:
      return v6_text(address.bytes);
    case AddressFamily::v4: {
      std::string out;
      for (std::size_t i = 0; i < 4; ++i) {
        if (i != 0)
          out += '.';
        append_octet(out, address.bytes[i]);
      }
      return out;
    }
  }
  return {};
}

} // namespace millrace::logic::geo
