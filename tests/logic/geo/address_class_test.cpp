#define CAF_SUITE address_class

#include "logic/geo/address_class.hpp"

#include "caf/test/dsl.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

using namespace millrace::logic::geo;

namespace {

struct Case {
  std::string_view address;
  std::string_view expected;
};

void check_all(std::initializer_list<Case> cases) {
  for (const auto& [text, expected] : cases) {
    const auto address = parse_ip(text);
    CAF_REQUIRE(address.has_value());
    CAF_CHECK_EQUAL(std::string{text} + " "
                      + std::string{to_string(classify(*address))},
                    std::string{text} + " " + std::string{expected});
  }
}

} // namespace

CAF_TEST(v4_networks_are_classified_to_their_first_and_last_address) {
  check_all({{"0.0.0.0", "reserved"},        {"0.255.255.255", "reserved"},
             {"1.0.0.0", "public"},          {"9.255.255.255", "public"},
             {"10.0.0.0", "private"},        {"10.255.255.255", "private"},
             {"11.0.0.0", "public"},         {"100.63.255.255", "public"},
             {"100.64.0.0", "shared"},       {"100.127.255.255", "shared"},
             {"100.128.0.0", "public"},      {"126.255.255.255", "public"},
             {"127.0.0.1", "loopback"},      {"127.255.255.255", "loopback"},
             {"128.0.0.0", "public"},        {"169.253.255.255", "public"},
             {"169.254.0.0", "link_local"},  {"169.254.255.255", "link_local"},
             {"169.255.0.0", "public"},      {"172.15.255.255", "public"},
             {"172.16.0.0", "private"},      {"172.31.255.255", "private"},
             {"172.32.0.0", "public"},       {"192.167.255.255", "public"},
             {"192.168.0.0", "private"},     {"192.168.255.255", "private"},
             {"192.169.0.0", "public"},      {"223.255.255.255", "public"},
             {"224.0.0.0", "multicast"},     {"239.255.255.255", "multicast"},
             {"240.0.0.0", "reserved"},      {"255.255.255.254", "reserved"},
             {"255.255.255.255", "reserved"}});
}

CAF_TEST(v4_special_networks_and_their_exceptions) {
  check_all(
    {{"191.255.255.255", "public"},     {"192.0.0.0", "reserved"},
     {"192.0.0.8", "reserved"},         {"192.0.0.9", "public"},
     {"192.0.0.10", "public"},          {"192.0.0.11", "reserved"},
     {"192.0.0.170", "reserved"},       {"192.0.0.255", "reserved"},
     {"192.0.1.0", "public"},           {"192.0.2.0", "documentation"},
     {"192.0.2.255", "documentation"},  {"192.0.3.0", "public"},
     {"192.31.196.1", "public"},        {"192.52.193.1", "public"},
     {"192.88.98.255", "public"},       {"192.88.99.0", "reserved"},
     {"192.88.99.255", "reserved"},     {"192.88.100.0", "public"},
     {"192.175.48.1", "public"},        {"198.17.255.255", "public"},
     {"198.18.0.0", "reserved"},        {"198.19.255.255", "reserved"},
     {"198.20.0.0", "public"},          {"198.51.99.255", "public"},
     {"198.51.100.0", "documentation"}, {"198.51.100.255", "documentation"},
     {"198.51.101.0", "public"},        {"203.0.112.255", "public"},
     {"203.0.113.0", "documentation"},  {"203.0.113.255", "documentation"},
     {"203.0.114.0", "public"}});
}

CAF_TEST(v6_outside_global_unicast) {
  check_all({{"::", "reserved"},
             {"::1", "loopback"},
             {"::2", "reserved"},
             {"::1.2.3.4", "reserved"},
             {"100::1", "reserved"},
             {"100:0:0:1::1", "reserved"},
             {"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"},
             {"4000::", "reserved"},
             {"5f00::1", "reserved"},
             {"fbff:ffff::", "reserved"},
             {"fc00::", "private"},
             {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"},
             {"fe00::", "reserved"},
             {"fe80::", "link_local"},
             {"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link_local"},
             {"fec0::", "reserved"},
             {"feff::", "reserved"},
             {"ff00::", "multicast"},
             {"ff02::1", "multicast"},
             {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"}});
}

CAF_TEST(v6_global_unicast_and_its_exceptions) {
  check_all({{"2000::", "public"},
             {"2001::1", "reserved"}, // Teredo
             {"2001:0:ffff::", "reserved"},
             {"2001:1::", "reserved"},
             {"2001:1::1", "public"},
             {"2001:1::2", "public"},
             {"2001:1::3", "public"},
             {"2001:1::4", "reserved"},
             {"2001:2::1", "reserved"}, // benchmarking
             {"2001:3::1", "public"},
             {"2001:4:111:ffff::", "reserved"},
             {"2001:4:112::1", "public"},
             {"2001:4:113::", "reserved"},
             {"2001:10::1", "reserved"},
             {"2001:20::1", "public"},
             {"2001:2f:ffff::", "public"},
             {"2001:30::1", "public"},
             {"2001:3f:ffff::", "public"},
             {"2001:40::", "reserved"},
             {"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"},
             {"2001:200::", "public"},
             {"2001:db7:ffff::", "public"},
             {"2001:db8::", "documentation"},
             {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"},
             {"2001:db9::", "public"},
             {"2002::1", "reserved"}, // 6to4
             {"2003::1", "public"},
             {"2620:4f:8000::1", "public"},
             {"2a00:1450:4001::1", "public"},
             {"3ffe:ffff::", "public"},
             {"3fff::", "documentation"},
             {"3fff:fff:ffff::", "documentation"},
             {"3fff:1000::", "public"},
             {"3fff:ffff::", "public"}});
}

CAF_TEST(translated_addresses_are_public_only_with_a_public_v4_inside) {
  check_all({{"64:ff9b::8.8.8.8", "public"},
             {"64:ff9b::10.0.0.1", "reserved"},
             {"64:ff9b::192.0.2.1", "reserved"},
             {"64:ff9b::1:8.8.8.8", "reserved"},
             {"64:ff9b:1::8.8.8.8", "reserved"}});
}

CAF_TEST(mapped_addresses_have_the_class_of_their_v4) {
  check_all({{"::ffff:10.0.0.1", "private"}, {"::ffff:8.8.8.8", "public"}});
  IpAddress wrapped = *parse_ip("::fffe:127.0.0.1");
  wrapped.bytes[11] = 0xff;
  CAF_CHECK(classify(wrapped) == AddressClass::loopback);
}

CAF_TEST(no_address_has_no_class) {
  CAF_CHECK(classify(IpAddress{}) == AddressClass::unknown);
  CAF_CHECK_EQUAL(std::string{to_string(AddressClass::unknown)}, "unknown");
}
