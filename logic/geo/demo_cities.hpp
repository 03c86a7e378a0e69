#pragma once

#include "logic/geo/ip_address.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// A small geography for the demonstration and for tests: real cities, but
/// networks and autonomous systems that we dealt out ourselves.
namespace millrace::logic::geo {

struct DemoCity {
  std::string_view country; ///< ISO 3166-1 alpha-2
  std::string_view region;
  std::string_view city;
  double latitude = 0.0; ///< degrees
  double longitude = 0.0; ///< degrees
  /// First address of the city's v4 network, host order; globally reachable
  /// unicast, no two cities overlap.
  std::uint32_t network_v4 = 0;
  std::uint8_t prefix_v4 = 16;
  /// First half of the city's /32 under 2000::/3, 0 where it has none.
  std::uint64_t network_v6 = 0;
  std::uint32_t asn = 0; ///< private use (RFC 6996), 64512 and up
  std::string_view asn_organization;
};

inline constexpr int demo_prefix_v6 = 32;

/// All cities, in a fixed order.
std::span<const DemoCity> demo_cities() noexcept;

/// A v4 address in the city's network, never its first or last; the same
/// for the same number.
IpAddress demo_address(const DemoCity& city, std::uint64_t random) noexcept;

/// A v6 address in the city's network, absent where it has none.
std::optional<IpAddress> demo_address_v6(const DemoCity& city,
                                         std::uint64_t random) noexcept;

} // namespace millrace::logic::geo
