#define CAF_SUITE demo_cities

#include "logic/geo/demo_cities.hpp"

#include "logic/geo/address_class.hpp"

#include "caf/test/dsl.hpp"

#include <cmath>
#include <cstdint>
#include <set>

using namespace millrace::logic::geo;

namespace {

bool overlap(const DemoCity& a, const DemoCity& b) {
  const int shift = 32 - std::min(a.prefix_v4, b.prefix_v4);
  return a.network_v4 >> shift == b.network_v4 >> shift;
}

} // namespace

CAF_TEST(networks_are_public_and_do_not_overlap) {
  const auto cities = demo_cities();
  CAF_CHECK(cities.size() >= 60);
  std::set<std::uint64_t> v6_networks;
  std::size_t with_v6 = 0;
  for (std::size_t i = 0; i < cities.size(); ++i) {
    const DemoCity& city = cities[i];
    CAF_CHECK_EQUAL(city.network_v4 << city.prefix_v4, 0U);
    for (std::size_t j = 0; j < i; ++j)
      CAF_CHECK(!overlap(city, cities[j]));
    if (city.network_v6 != 0) {
      ++with_v6;
      CAF_CHECK_EQUAL(city.network_v6 << demo_prefix_v6, 0U);
      v6_networks.insert(city.network_v6);
    }
  }
  CAF_CHECK(with_v6 >= 10);
  CAF_CHECK_EQUAL(v6_networks.size(), with_v6);
}

CAF_TEST(addresses_lie_in_their_city_and_repeat) {
  for (const DemoCity& city : demo_cities()) {
    std::set<std::uint32_t> seen;
    for (std::uint64_t random = 0; random < 500; ++random) {
      const IpAddress address = demo_address(city, random);
      const std::uint32_t host = address.v4() - city.network_v4;
      const std::uint32_t size = 1U << (32 - city.prefix_v4);
      CAF_REQUIRE(address.family == AddressFamily::v4);
      CAF_REQUIRE(host > 0 && host < size - 1);
      CAF_REQUIRE(classify(address) == AddressClass::public_);
      CAF_REQUIRE(address == demo_address(city, random));
      seen.insert(address.v4());
      const auto v6 = demo_address_v6(city, random);
      CAF_REQUIRE_EQUAL(v6.has_value(), city.network_v6 != 0);
      if (v6)
        CAF_REQUIRE(classify(*v6) == AddressClass::public_);
    }
    CAF_CHECK(seen.size() > 400);
  }
}

CAF_TEST(systems_are_for_private_use_and_positions_on_earth) {
  for (const DemoCity& city : demo_cities()) {
    CAF_CHECK(city.asn >= 64'512 && city.asn <= 65'534);
    CAF_CHECK(!city.asn_organization.empty());
    CAF_CHECK_EQUAL(city.country.size(), 2U);
    CAF_CHECK(std::abs(city.latitude) <= 90 && city.latitude != 0);
    CAF_CHECK(std::abs(city.longitude) <= 180 && city.longitude != 0);
  }
}
