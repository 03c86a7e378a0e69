#define CAF_SUITE table_lookup

#include "adapters/geoip/table_lookup.hpp"

#include "tests/adapters/geoip/small_databases.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <random>
#include <string>
#include <vector>

using namespace millrace::adapters::geoip;
using millrace::logic::geo::IpAddress;
using millrace::logic::geo::Place;
using millrace::tests::TemporaryFolder;

namespace {

std::shared_ptr<SnapshotSlot> slot_of(std::vector<std::string> files) {
  auto snapshot = GeoSnapshot::load({.files = std::move(files)}, nullptr);
  if (!snapshot)
    throw std::runtime_error(snapshot.error().text);
  return std::make_shared<SnapshotSlot>(*std::move(snapshot));
}

/// The JSON of one address in files that hold these databases.
std::string merged(const std::vector<std::string>& databases,
                   std::string_view text) {
  const TemporaryFolder folder;
  std::vector<std::string> files;
  for (const std::string& bytes : databases)
    files.push_back(folder.write(std::to_string(files.size()), bytes));
  TableLookup lookup{slot_of(files), 1'000};
  return located(lookup, text);
}

std::string database_of(const MmdbLayout& layout, std::string_view network,
                        const MmdbValue& value) {
  MmdbWriter writer{layout};
  insert(writer, network, value);
  return bytes_of(writer);
}

/// 1.0.0.0/10 in networks of 256 addresses, each with a city of its own.
std::string many_cities() {
  MmdbWriter writer{{}};
  for (int i = 0; i < 16'384; ++i)
    insert(writer,
           "1." + std::to_string(i / 256) + "." + std::to_string(i % 256)
             + ".0/24",
           MmdbMap{{"city", std::to_string(i)}});
  return bytes_of(writer);
}

} // namespace

CAF_TEST(flat_records_with_float_coordinates_read_as_short_numbers) {
  const MmdbValue record = MmdbMap{
    {"city", "Lisbon"},      {"country_code", "pt"}, {"latitude", 38.7223F},
    {"longitude", -9.1393F}, {"postcode", ""},       {"state1", "Lisboa"}};
  CAF_CHECK_EQUAL(merged({database_of({}, "1.0.0.0/8", record)}, "1.2.3.4"),
                  R"({"country":"PT","region":"Lisboa","city":"Lisbon",)"
                  R"("latitude":38.7223,"longitude":-9.1393})");
}

CAF_TEST(nested_records_with_double_coordinates) {
  const MmdbValue record = MmdbMap{
    {"city", MmdbMap{{"geoname_id", std::uint32_t{1}},
                     {"names", MmdbMap{{"de", "München"}, {"en", "Munich"}}}}},
    {"country", MmdbMap{{"iso_code", "DE"}}},
    {"location", MmdbMap{{"latitude", 48.1351}, {"longitude", 11.582}}},
    {"subdivisions",
     MmdbArray{MmdbMap{{"iso_code", "BY"}}, MmdbMap{{"iso_code", "XX"}}}}};
  CAF_CHECK_EQUAL(merged({database_of({}, "1.0.0.0/8", record)}, "1.2.3.4"),
                  R"({"country":"DE","region":"BY","city":"Munich",)"
                  R"("latitude":48.1351,"longitude":11.582})");
}

CAF_TEST(members_of_unexpected_types_are_passed_over) {
  const MmdbValue record = MmdbMap{
    {"city", std::uint32_t{7}},
    {"country", "Germany"},
    {"location", "somewhere"},
    {"subdivisions", MmdbArray{}},
    {"latitude", "48"},
    {"autonomous_system_number", std::uint64_t{1} << 40},
    {"region", "R"}};
  CAF_CHECK_EQUAL(merged({database_of({}, "1.0.0.0/8", record)}, "1.2.3.4"),
                  R"({"region":"R"})");
}

CAF_TEST(a_record_without_anything_we_know_is_no_place) {
  const MmdbValue record = MmdbMap{{"is_anonymous", std::uint16_t{1}}};
  CAF_CHECK_EQUAL(merged({database_of({}, "1.0.0.0/8", record)}, "1.2.3.4"),
                  "-");
  const MmdbValue nowhere = MmdbMap{
    {"latitude", 0.0}, {"longitude", 0.0}, {"country_code", ""}};
  CAF_CHECK_EQUAL(merged({database_of({}, "1.0.0.0/8", nowhere)}, "1.2.3.4"),
                  "-");
}

CAF_TEST(later_files_fill_in_what_earlier_ones_left_unknown) {
  const std::string city = database_of(
    {}, "1.0.0.0/8", MmdbMap{{"country_code", "AA"}, {"city", "A-City"}});
  const std::string better = database_of({}, "1.0.0.0/9",
                                         MmdbMap{{"country_code", "AA"},
                                                 {"city", "ignored"},
                                                 {"state1", "A-State"}});
  const std::string other = database_of(
    {}, "1.0.0.0/8",
    MmdbMap{{"country_code", "BB"},
            {"state1", "B-State"},
            {"latitude", 1.0},
            {"longitude", 2.0},
            {"autonomous_system_number", std::uint32_t{64'512}},
            {"autonomous_system_organization", "Net"}});
  CAF_CHECK_EQUAL(merged({city, better}, "1.2.3.4"),
                  R"({"country":"AA","region":"A-State","city":"A-City"})");
  CAF_CHECK_EQUAL(merged({city, better}, "1.200.3.4"),
                  R"({"country":"AA","city":"A-City"})");
  // Another country's region and position do not belong to this city.
  CAF_CHECK_EQUAL(merged({city, other}, "1.2.3.4"),
                  R"({"country":"AA","city":"A-City","asn":64512,)"
                  R"("asn_organization":"Net"})");
}

CAF_TEST(a_file_of_one_family_does_not_answer_for_the_other) {
  const std::string v4 = database_of({.ip_version = 4}, "0.0.0.0/0",
                                     country("AA"));
  const std::string v6 = database_of({}, "2000::/3", country("BB"));
  CAF_CHECK_EQUAL(merged({v4}, "32.1.2.3"), R"({"country":"AA"})");
  CAF_CHECK_EQUAL(merged({v4}, "2001:470::1"), "-");
  CAF_CHECK_EQUAL(merged({v6}, "32.1.2.3"), "-");
  CAF_CHECK_EQUAL(merged({v6}, "2001:470::1"), R"({"country":"BB"})");
  CAF_CHECK_EQUAL(merged({v4, v6}, "32.1.2.3"), R"({"country":"AA"})");
  CAF_CHECK_EQUAL(merged({v4, v6}, "2001:470::1"), R"({"country":"BB"})");
  // Both start their data at the same offset: the keys must not collide.
  const TemporaryFolder folder;
  TableLookup lookup{slot_of({folder.write("4", v4), folder.write("6", v6)}),
                     1'000};
  CAF_CHECK_EQUAL(located(lookup, "32.1.2.3"), R"({"country":"AA"})");
  CAF_CHECK_EQUAL(located(lookup, "2001:470::1"), R"({"country":"BB"})");
}

CAF_TEST(the_database_type_tells_the_family_too) {
  MmdbWriter only_v6{{.database_type = "City IPv6"}};
  insert(only_v6, "::/0", country("AA"));
  CAF_CHECK_EQUAL(merged({bytes_of(only_v6)}, "1.2.3.4"), "-");
  CAF_CHECK_EQUAL(merged({bytes_of(only_v6)}, "2001:470::1"),
                  R"({"country":"AA"})");
  MmdbWriter only_v4{{.database_type = "city ipv4"}};
  insert(only_v4, "::/0", country("AA"));
  insert(only_v4, "1.0.0.0/8", country("BB"));
  CAF_CHECK_EQUAL(merged({bytes_of(only_v4)}, "1.2.3.4"),
                  R"({"country":"BB"})");
  CAF_CHECK_EQUAL(merged({bytes_of(only_v4)}, "2001:470::1"), "-");
}

CAF_TEST(v4_held_only_under_the_mapped_prefix_is_found) {
  MmdbWriter writer{{}};
  IpAddress mapped = address("::fffe:1.0.0.0");
  mapped.bytes[11] = 0xff;
  CAF_REQUIRE(writer.insert(mapped, 104, country("AA")));
  CAF_CHECK_EQUAL(merged({bytes_of(writer)}, "1.2.3.4"), R"({"country":"AA"})");
  CAF_CHECK_EQUAL(merged({bytes_of(writer)}, "2.2.3.4"), "-");
}

CAF_TEST(prefixes_of_every_length_are_told_apart) {
  MmdbWriter writer{{}};
  // From wide to narrow: 128.0.0.0/1 down to one address, and the same in v6.
  const auto name = [](char family, int bits) {
    return std::string{family} + std::to_string(bits);
  };
  const IpAddress v4 = address("128.0.0.0");
  const IpAddress v6 = address("8000::");
  for (int bits = 1; bits <= 32; ++bits)
    CAF_REQUIRE(writer.insert(v4, bits, MmdbMap{{"city", name('a', bits)}}));
  for (int bits = 1; bits <= 128; ++bits)
    CAF_REQUIRE(writer.insert(v6, bits, MmdbMap{{"city", name('b', bits)}}));
  const TemporaryFolder folder;
  TableLookup lookup{slot_of({folder.write("a", bytes_of(writer))}), 1'000};
  const auto flipped = [](IpAddress from, int bit) {
    from.bytes[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::uint8_t>(
      0x80 >> bit % 8);
    return to_string(from);
  };
  // The address that leaves the chain after `bits` bits.
  for (int bits = 1; bits < 32; ++bits)
    CAF_CHECK_EQUAL(located(lookup, flipped(v4, bits)),
                    "{\"city\":\"" + name('a', bits) + "\"}");
  for (int bits = 1; bits < 128; ++bits)
    CAF_CHECK_EQUAL(located(lookup, flipped(v6, bits)),
                    "{\"city\":\"" + name('b', bits) + "\"}");
  CAF_CHECK_EQUAL(located(lookup, "128.0.0.0"), R"({"city":"a32"})");
  CAF_CHECK_EQUAL(located(lookup, "8000::"), R"({"city":"b128"})");
}

CAF_TEST(batches_of_mixed_families_and_any_length_are_answered_in_place) {
  const TemporaryFolder folder;
  MmdbWriter writer{{}};
  insert(writer, "1.0.0.0/8", country("AA"));
  insert(writer, "2a00::/16", country("BB"));
  TableLookup lookup{slot_of({folder.write("a", bytes_of(writer))}), 1'000};
  std::mt19937 random{3};
  const std::vector<IpAddress> kinds{address("1.2.3.4"), address("2a00::1"),
                                     address("9.9.9.9"), address("2b00::1"),
                                     IpAddress{}};
  for (const std::size_t size : {0U, 1U, 63U, 64U, 65U, 1'000U}) {
    std::vector<std::size_t> picks(size);
    std::vector<IpAddress> addresses;
    for (std::size_t& pick : picks)
      addresses.push_back(kinds[pick = random() % kinds.size()]);
    const Place stale;
    std::vector<const Place*> places(size, &stale);
    const auto pin = lookup.locate(addresses, places);
    for (std::size_t i = 0; i < size; ++i) {
      const std::string code = places[i] == nullptr ? "" : places[i]->country;
      CAF_REQUIRE_EQUAL(code, picks[i] == 0 ? "AA" : picks[i] == 1 ? "BB" : "");
    }
  }
}

CAF_TEST(the_cache_starts_afresh_at_its_limit_and_pins_keep_places_alive) {
  const TemporaryFolder folder;
  TableLookup lookup{slot_of({folder.write("a", many_cities())}), 1'500};
  std::vector<std::shared_ptr<const void>> pins;
  std::vector<const Place*> all;
  for (int batch = 0; batch < 40; ++batch) {
    std::vector<IpAddress> addresses;
    for (int i = 0; i < 500; ++i)
      addresses.push_back(address("1." + std::to_string(batch) + "."
                                  + std::to_string(i % 250) + ".1"));
    std::vector<const Place*> places(addresses.size());
    pins.push_back(lookup.locate(addresses, places));
    CAF_CHECK(lookup.cached() <= 1'500);
    all.insert(all.end(), places.begin(), places.end());
  }
  // The address sanitizer watches: nothing that is pinned was freed.
  for (std::size_t i = 0; i < all.size(); ++i)
    CAF_REQUIRE_EQUAL(
      all[i]->json,
      R"({"city":")" + std::to_string(i / 500 * 256 + i % 500 % 250) + "\"}");
  const std::weak_ptr<const void> first = pins.front();
  pins.clear();
  CAF_CHECK(first.expired());
}

CAF_TEST(equal_networks_share_one_place) {
  const TemporaryFolder folder;
  TableLookup lookup{
    slot_of({folder.write("a", tiny_database("1.0.0.0/8", "AA"))}), 1'000};
  const std::vector<IpAddress> addresses{address("1.1.1.1"),
                                         address("1.200.1.1")};
  std::vector<const Place*> places(2);
  const auto pin = lookup.locate(addresses, places);
  CAF_CHECK(places[0] == places[1]);
  CAF_CHECK_EQUAL(lookup.cached(), 1U);
}
