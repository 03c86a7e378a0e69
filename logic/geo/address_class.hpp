#pragma once

#include "logic/geo/ip_address.hpp"

#include <cstdint>
#include <string_view>

namespace millrace::logic::geo {

/// What an address is for, by the IANA special-purpose address registries
/// (RFC 6890 and updates) and the multicast registries.
enum class AddressClass : std::uint8_t {
  unknown = 0, ///< the event has no address
  public_ = 1, ///< globally reachable unicast
  private_ = 2, ///< RFC 1918, and fc00::/7
  loopback = 3,
  link_local = 4,
  shared = 5, ///< 100.64.0.0/10, carrier-grade NAT
  multicast = 6,
  reserved = 7, ///< everything else that is not globally reachable
  documentation = 8,
};

AddressClass classify(const IpAddress& address) noexcept;

/// As it stands in the output's `ip_class`: "public", "private", ...
std::string_view to_string(AddressClass address_class) noexcept;

} // namespace millrace::logic::geo
