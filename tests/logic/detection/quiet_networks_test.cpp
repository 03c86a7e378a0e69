#define CAF_SUITE quiet_networks

#include "logic/detection/detection_config.hpp"
#include "logic/detection/quiet_networks.hpp"

#include "caf/test/dsl.hpp"

#include <string_view>

using namespace millrace::logic;
using detection::QuietNetworks;

namespace {

bool contains(const QuietNetworks& networks, std::string_view address,
              std::uint32_t asn = 0) {
  return networks.contains(geo::parse_ip(address).value_or(geo::IpAddress{}),
                           asn);
}

} // namespace

CAF_TEST(networks_addresses_and_systems_are_found) {
  QuietNetworks networks;
  for (const auto* entry : {"192.0.2.0/24", "192.0.2.64/26", "198.51.100.7",
                            "2001:db8::/32", "2001:db8:1::1", "10.1.2.3/8",
                            "::ffff:203.0.113.0/120", "AS64512", "as64513"})
    CAF_CHECK(networks.add(entry));
  networks.seal();
  CAF_CHECK_EQUAL(networks.size(), 7u);
  for (const auto* address :
       {"192.0.2.0", "192.0.2.255", "198.51.100.7",
        "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "10.255.0.1",
        "203.0.113.9", "::ffff:192.0.2.3"})
    CAF_CHECK(contains(networks, address));
  for (const auto* address : {"192.0.1.255", "192.0.3.0", "198.51.100.8",
                              "2001:db9::", "2001:db7::1", "11.0.0.0", ""})
    CAF_CHECK(!contains(networks, address));
  CAF_CHECK(contains(networks, "8.8.8.8", 64512));
  CAF_CHECK(contains(networks, "", 64513));
  CAF_CHECK(!contains(networks, "8.8.8.8", 64514));
}

CAF_TEST(whole_families_and_nothing_at_all_are_networks_too) {
  QuietNetworks none;
  none.seal();
  CAF_CHECK(!contains(none, "1.2.3.4", 1));
  QuietNetworks all;
  CAF_CHECK(all.add("0.0.0.0/0"));
  CAF_CHECK(all.add("::/0"));
  all.seal();
  CAF_CHECK(contains(all, "255.255.255.255"));
  CAF_CHECK(contains(all, "0.0.0.0"));
  CAF_CHECK(contains(all, "ffff::1"));
}

CAF_TEST(what_is_no_network_is_refused_by_name) {
  for (const auto* entry :
       {"192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "192.0.2/24", "2001:/32",
        "2001:db8::/129", "AS0", "AS4294967296", "AS", "1.2.3.4/8 ", "",
        "10.0.0.0/8/8"}) {
    QuietNetworks networks;
    const auto added = networks.add(entry);
    CAF_REQUIRE(!added);
    CAF_CHECK(added.error().text.find("AS64512") != std::string::npos);
  }
}

CAF_TEST(files_are_told_from_entries) {
  for (const auto* entry : {"quiet.txt", "/etc/quiet", "./10.0.0.0",
                            "file:192.0.2.0", "asn.txt", "AS12x"})
    CAF_CHECK(QuietNetworks::is_file(entry));
  for (const auto* entry :
       {"192.0.2.0/99", "2001:db8::/32", "AS1", "as1", "", "::1"})
    CAF_CHECK(!QuietNetworks::is_file(entry));
  CAF_CHECK_EQUAL(QuietNetworks::path_of("file:/a"), "/a");
  CAF_CHECK_EQUAL(QuietNetworks::path_of("/a"), "/a");
}

CAF_TEST(lines_may_hold_comments_and_what_comes_behind_an_entry) {
  QuietNetworks networks;
  CAF_CHECK(networks.add_lines("\xEF\xBB\xBF# hosting\r\n\r\n192.0.2.0/24\r\n"
                               "AS64512  A Name # why\n"
                               "  2001:db8::/32,DE\n;\n198.51.100.1"));
  networks.seal();
  CAF_CHECK_EQUAL(networks.size(), 4u);
  const auto refused = networks.add_lines("192.0.2.0/24\n\nnonsense\n");
  CAF_REQUIRE(!refused);
  CAF_CHECK(refused.error().text.starts_with("line 3: \"nonsense\" is no "));
}

CAF_TEST(the_configuration_names_entries_that_are_none) {
  detection::DetectionConfig config;
  config.quiet_networks = {"192.0.2.0/24", "no-file-yet.txt", "10.0.0.0/64"};
  const auto faults = detection::check(config);
  CAF_REQUIRE_EQUAL(faults.size(), 1u);
  CAF_CHECK(faults[0].text.find("10.0.0.0/64") != std::string::npos);
}
