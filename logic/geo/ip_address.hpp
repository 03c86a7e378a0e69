#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::logic::geo {

enum class AddressFamily : std::uint8_t { none = 0, v4 = 4, v6 = 6 };

/// An IP address in network byte order; a v4 address fills the first four
/// bytes. IPv4-mapped IPv6 (::ffff:0:0/96) is unwrapped to v4 when parsed.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  AddressFamily family = AddressFamily::none;

  /// The v4 address as a host-order number; only for `family == v4`.
  std::uint32_t v4() const noexcept {
    return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16)
           | (std::uint32_t{bytes[2]} << 8) | bytes[3];
  }

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

/// Strict: dotted quad of decimal octets without leading zeros, or RFC 4291
/// text (with `::` and an embedded dotted quad); no zone, port or blanks.
std::optional<IpAddress> parse_ip(std::string_view text) noexcept;

/// The v4 address that a NAT64 of the well-known prefix (64:ff9b::/96, RFC
/// 6052) has wrapped; every other address as it is. Behind such a translator it
/// is the v4 address that is somewhere and somebody's.
IpAddress behind_nat64(const IpAddress& address) noexcept;

/// RFC 5952 text.
std::string to_string(const IpAddress& address);

} // namespace millrace::logic::geo
