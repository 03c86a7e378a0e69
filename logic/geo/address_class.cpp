#include "logic/geo/address_class.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

// The lists below follow the IANA IPv4 and IPv6 Special-Purpose Address
// Registries. Only what those call globally reachable is `public_`; "not
// applicable" (6to4, Teredo) counts as not reachable: such an address names
// a tunnel, not a place. docs/geoip.md explains each choice.

namespace millrace::logic::geo {

namespace {

constexpr std::uint32_t quad(unsigned a, unsigned b, unsigned c,
                             unsigned d) noexcept {
  return a << 24 | b << 16 | c << 8 | d;
}

struct V4Network {
  std::uint32_t first;
  int prefix_bits;
  AddressClass address_class;

  constexpr bool contains(std::uint32_t address) const noexcept {
    return (address ^ first) >> (32 - prefix_bits) == 0;
  }
};

/// Networks smaller than /8. The first that contains the address decides.
constexpr V4Network v4_networks[] = {
  {quad(100, 64, 0, 0), 10, AddressClass::shared}, // RFC 6598
  {quad(169, 254, 0, 0), 16, AddressClass::link_local}, // RFC 3927
  {quad(172, 16, 0, 0), 12, AddressClass::private_}, // RFC 1918
  {quad(192, 168, 0, 0), 16, AddressClass::private_}, // RFC 1918
  {quad(192, 0, 0, 9), 32, AddressClass::public_}, // RFC 7723
  {quad(192, 0, 0, 10), 32, AddressClass::public_}, // RFC 8155
  {quad(192, 0, 0, 0), 24, AddressClass::reserved}, // RFC 6890
  {quad(192, 0, 2, 0), 24, AddressClass::documentation}, // RFC 5737
  {quad(192, 88, 99, 0), 24, AddressClass::reserved}, // RFC 7526
  {quad(198, 18, 0, 0), 15, AddressClass::reserved}, // RFC 2544
  {quad(198, 51, 100, 0), 24, AddressClass::documentation}, // RFC 5737
  {quad(203, 0, 113, 0), 24, AddressClass::documentation}, // RFC 5737
};

/// Marks a first octet under which `v4_networks` must be asked.
constexpr std::uint8_t mixed = 0xff;

constexpr std::array<std::uint8_t, 256> make_first_octets() noexcept {
  const auto number = [](AddressClass what) {
    return static_cast<std::uint8_t>(what);
  };
  std::array<std::uint8_t, 256> table{};
  table.fill(number(AddressClass::public_));
  table[0] = number(AddressClass::reserved); // RFC 791, this network
  table[10] = number(AddressClass::private_); // RFC 1918
  table[127] = number(AddressClass::loopback); // RFC 1122
  for (std::size_t i = 224; i < 240; ++i)
    table[i] = number(AddressClass::multicast); // RFC 5771
  for (std::size_t i = 240; i < 256; ++i)
    table[i] = number(AddressClass::reserved); // RFC 1112, RFC 8190
  for (const V4Network& network : v4_networks)
    table[network.first >> 24] = mixed;
  return table;
}

constexpr std::array<std::uint8_t, 256> first_octets = make_first_octets();

AddressClass classify_v4(std::uint32_t address) noexcept {
  const std::uint8_t entry = first_octets[address >> 24];
  if (entry != mixed)
    return static_cast<AddressClass>(entry);
  for (const V4Network& network : v4_networks)
    if (network.contains(address))
      return network.address_class;
  return AddressClass::public_;
}

struct V6Network {
  std::uint64_t high;
  std::uint64_t low;
  int prefix_bits;
  AddressClass address_class;

  constexpr bool contains(std::uint64_t address_high,
                          std::uint64_t address_low) const noexcept {
    if (prefix_bits <= 64)
      return (address_high ^ high) >> (64 - prefix_bits) == 0;
    return address_high == high
           && (address_low ^ low) >> (128 - prefix_bits) == 0;
  }
};

/// Exceptions inside 2000::/3. The first that contains the address decides.
constexpr V6Network v6_networks[] = {
  {0x2001'0001'0000'0000, 1, 128, AddressClass::public_}, // RFC 7723
  {0x2001'0001'0000'0000, 2, 128, AddressClass::public_}, // RFC 8155
  {0x2001'0001'0000'0000, 3, 128, AddressClass::public_}, // RFC 9665
  {0x2001'0003'0000'0000, 0, 32, AddressClass::public_}, // RFC 7450
  {0x2001'0004'0112'0000, 0, 48, AddressClass::public_}, // RFC 7535
  {0x2001'0020'0000'0000, 0, 28, AddressClass::public_}, // RFC 7343
  {0x2001'0030'0000'0000, 0, 28, AddressClass::public_}, // RFC 9374
  // Protocol assignments, with Teredo (RFC 4380), benchmarking (RFC 5180)
  // and the old ORCHID (RFC 4843) in it.
  {0x2001'0000'0000'0000, 0, 23, AddressClass::reserved}, // RFC 2928
  {0x2001'0db8'0000'0000, 0, 32, AddressClass::documentation}, // RFC 3849
  {0x2002'0000'0000'0000, 0, 16, AddressClass::reserved}, // RFC 3056
  {0x3fff'0000'0000'0000, 0, 20, AddressClass::documentation}, // RFC 9637
};

constexpr std::uint64_t nat64_high = 0x0064'ff9b'0000'0000;
constexpr std::uint64_t mapped_low = 0xffff;

/// What lies outside 2000::/3: nothing there is global unicast but the
/// translation prefix.
AddressClass classify_outside_unicast(std::uint64_t high,
                                      std::uint64_t low) noexcept {
  if (high >> 56 == 0xff)
    return AddressClass::multicast; // RFC 4291
  if (high >> 54 == 0xfe80 >> 6)
    return AddressClass::link_local; // RFC 4291
  if (high >> 57 == 0xfc >> 1)
    return AddressClass::private_; // RFC 4193
  if (high == 0 && low == 1)
    return AddressClass::loopback; // RFC 4291
  const auto embedded = static_cast<std::uint32_t>(low);
  if (high == 0 && low >> 32 == mapped_low)
    return classify_v4(embedded); // RFC 4291, in case it was not unwrapped
  // RFC 6052, 3.1: this prefix must not carry addresses that are not global.
  if (high == nat64_high && low >> 32 == 0
      && classify_v4(embedded) == AddressClass::public_)
    return AddressClass::public_;
  // ::/128, 64:ff9b:1::/48 (RFC 8215), 100::/64 (RFC 6666), 100:0:0:1::/64
  // (RFC 9780), 5f00::/16 (RFC 9602), fec0::/10 (RFC 3879), and what no
  // registry has given out.
  return AddressClass::reserved;
}

std::uint64_t half(const std::array<std::uint8_t, 16>& bytes,
                   std::size_t from) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = from; i < from + 8; ++i)
    value = value << 8 | bytes[i];
  return value;
}

AddressClass classify_v6(const std::array<std::uint8_t, 16>& bytes) noexcept {
  const std::uint64_t high = half(bytes, 0);
  const std::uint64_t low = half(bytes, 8);
  if (high >> 61 != 1)
    return classify_outside_unicast(high, low);
  const auto* found = std::find_if(
    std::begin(v6_networks), std::end(v6_networks),
    [&](const V6Network& n) { return n.contains(high, low); });
  return found == std::end(v6_networks) ? AddressClass::public_
                                        : found->address_class;
}

} // namespace

AddressClass classify(const IpAddress& address) noexcept {
  switch (address.family) {
    case AddressFamily::none:
      break;
    case AddressFamily::v4:
      return classify_v4(address.v4());
    case AddressFamily::v6:
      return classify_v6(address.bytes);
  }
  return AddressClass::unknown;
}

std::string_view to_string(AddressClass address_class) noexcept {
  switch (address_class) {
    case AddressClass::unknown:
      break;
    case AddressClass::public_:
      return "public";
    case AddressClass::private_:
      return "private";
    case AddressClass::loopback:
      return "loopback";
    case AddressClass::link_local:
      return "link_local";
    case AddressClass::shared:
      return "shared";
    case AddressClass::multicast:
      return "multicast";
    case AddressClass::reserved:
      return "reserved";
    case AddressClass::documentation:
      return "documentation";
  }
  return "unknown";
}

} // namespace millrace::logic::geo
