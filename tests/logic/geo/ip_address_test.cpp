#define CAF_SUITE ip_address

#include "logic/geo/ip_address.hpp"

#include "caf/test/dsl.hpp"

#include <arpa/inet.h>

#include <random>
#include <string>
#include <string_view>

using namespace millrace::logic::geo;

namespace {

/// The canonical text of what was parsed, "-" where it was refused.
std::string reparsed(std::string_view text) {
  const auto address = parse_ip(text);
  return address ? to_string(*address) : "-";
}

struct Case {
  std::string_view text;
  std::string_view expected;
};

void check_all(std::initializer_list<Case> cases) {
  for (const auto& [text, expected] : cases)
    CAF_CHECK_EQUAL(std::string{text} + " = " + reparsed(text),
                    std::string{text} + " = " + std::string{expected});
}

} // namespace

CAF_TEST(dotted_quads_are_read_strictly) {
  check_all({{"0.0.0.0", "0.0.0.0"}, {"255.255.255.255", "255.255.255.255"},
             {"1.2.3.4", "1.2.3.4"}, {"192.168.10.200", "192.168.10.200"},
             {"01.2.3.4", "-"},      {"1.2.3.04", "-"},
             {"00.0.0.0", "-"},      {"256.1.1.1", "-"},
             {"1.1.1.256", "-"},     {"999.1.1.1", "-"},
             {"1111.1.1.1", "-"},    {"1.2.3", "-"},
             {"1.2.3.", "-"},        {".1.2.3", "-"},
             {"1..2.3", "-"},        {"1.2.3.4.5", "-"},
             {"1.2.3.4 ", "-"},      {" 1.2.3.4", "-"},
             {"1.2.3.4:80", "-"},    {"1.2.3.4/8", "-"},
             {"+1.2.3.4", "-"},      {"1.2.3.-4", "-"},
             {"0x1.2.3.4", "-"},     {"a.b.c.d", "-"},
             {"16909060", "-"}});
}

CAF_TEST(v6_texts_become_canonical) {
  check_all({{"::", "::"},
             {"::1", "::1"},
             {"1::", "1::"},
             {"2001:DB8::A", "2001:db8::a"},
             {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
             {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
             {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
             {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
             {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
             {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
             {"1:2:0:4:5:6:7:8", "1:2:0:4:5:6:7:8"},
             {"::1.2.3.4", "::102:304"},
             {"::a:1.2.3.4", "::a:102:304"},
             {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
             {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"}});
}

CAF_TEST(broken_v6_texts_are_refused) {
  check_all({{":", "-"},
             {":::", "-"},
             {"1:::2", "-"},
             {"::1::", "-"},
             {"1::2::3", "-"},
             {":1", "-"},
             {"1:", "-"},
             {"::1:", "-"},
             {"1:2:3:4:5:6:7", "-"},
             {"1:2:3:4:5:6:7:8:9", "-"},
             {"1:2:3:4:5:6:7:8::", "-"},
             {"::1:2:3:4:5:6:7:8", "-"},
             {"1:2:3:4::5:6:7:8", "-"},
             {"12345::", "-"},
             {"g::", "-"},
             {"fe80::1%eth0", "-"},
             {"[::1]", "-"},
             {"::1/128", "-"},
             {"::1.2.3", "-"},
             {"::1.2.3.4:5", "-"},
             {"::01.2.3.4", "-"},
             {"1:2:3:4:5:6:7:1.2.3.4", "-"},
             {"::256.1.1.1", "-"}});
}

CAF_TEST(empty_and_overlong_texts_are_refused) {
  CAF_CHECK(!parse_ip(""));
  CAF_CHECK(!parse_ip(std::string(46, '0')));
  CAF_CHECK(!parse_ip(std::string(100'000, ':')));
  CAF_CHECK(!parse_ip(std::string_view{"1.2.3.4\0", 8}));
}

CAF_TEST(mapped_addresses_are_unwrapped) {
  const auto mapped = parse_ip("::ffff:10.1.2.3");
  CAF_REQUIRE(mapped.has_value());
  CAF_CHECK(mapped->family == AddressFamily::v4);
  CAF_CHECK_EQUAL(mapped->v4(), 0x0a010203U);
  CAF_CHECK(*mapped == *parse_ip("10.1.2.3"));
  CAF_CHECK(*mapped == *parse_ip("0:0:0:0:0:FFFF:0a01:0203"));
  CAF_CHECK(parse_ip("::fffe:10.1.2.3")->family == AddressFamily::v6);
}

CAF_TEST(no_address_has_no_text) {
  CAF_CHECK_EQUAL(to_string(IpAddress{}), "");
}

CAF_TEST(parsing_agrees_with_the_system_on_random_texts) {
  std::mt19937 random{7};
  constexpr std::string_view alphabet = "0125f:.:";
  int accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    for (auto length = 1 + random() % 14; length > 0; --length)
      text += alphabet[random() % alphabet.size()];
    if (round % 4 == 0)
      text += "1.20.3.250";
    in6_addr expected_v6{};
    in_addr expected_v4{};
    const bool is_v6 = ::inet_pton(AF_INET6, text.c_str(), &expected_v6) == 1;
    const bool is_v4 = ::inet_pton(AF_INET, text.c_str(), &expected_v4) == 1;
    const auto address = parse_ip(text);
    if (address.has_value() != (is_v4 || is_v6))
      CAF_FAIL("differs from inet_pton: " << text);
    if (!address)
      continue;
    ++accepted;
    if (parse_ip(to_string(*address)) != address)
      CAF_FAIL("does not survive a round trip: " << text);
    if (is_v6 && address->family == AddressFamily::v6
        && !std::equal(address->bytes.begin(), address->bytes.end(),
                       expected_v6.s6_addr))
      CAF_FAIL("other bytes than inet_pton: " << text);
  }
  CAF_CHECK(accepted > 500);
}

CAF_TEST(random_addresses_survive_a_round_trip) {
  std::mt19937 random{8};
  for (int round = 0; round < 20'000; ++round) {
    IpAddress address;
    address.family = AddressFamily::v6;
    // Many zero groups, so that every kind of "::" occurs.
    for (std::size_t i = 0; i < 16; i += 2)
      if (random() % 2 == 0)
        address.bytes[i + random() % 2] = static_cast<std::uint8_t>(random());
    const std::string text = to_string(address);
    char expected[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET6, address.bytes.data(), expected, sizeof expected);
    if (std::string_view{expected}.find('.') == std::string_view::npos
        && text != expected)
      CAF_FAIL(text << " where the system writes " << expected);
  }
}

CAF_TEST(what_a_nat64_has_wrapped_is_found_inside) {
  CAF_CHECK(behind_nat64(*parse_ip("64:ff9b::8.8.8.8"))
            == *parse_ip("8.8.8.8"));
  for (const auto* other : {"64:ff9b:1::8.8.8.8", "64:ff9b::1:8.8.8.8",
                            "2001:db8::8.8.8.8", "100.255.155.0"})
    CAF_CHECK(behind_nat64(*parse_ip(other)) == *parse_ip(other));
  CAF_CHECK(behind_nat64(IpAddress{}) == IpAddress{});
}
