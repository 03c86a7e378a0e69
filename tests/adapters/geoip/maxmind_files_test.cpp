#define CAF_SUITE maxmind_files

// MaxMind's own test databases, where the shared data is at hand: our reader
// must agree with libmaxminddb on every network in them.

#include "adapters/geoip/geo_database.hpp"
#include "logic/enrichment/geo_lookup.hpp"
#include "tests/adapters/geoip/small_databases.hpp"
#include "tests/support/skip.hpp"

#include "caf/test/dsl.hpp"

#include <arpa/inet.h>
#include <maxminddb.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

using namespace millrace::adapters::geoip;
using millrace::logic::geo::AddressFamily;
using millrace::logic::geo::IpAddress;
using millrace::logic::geo::Place;

namespace {

/// Empty where there is no shared data; says so.
std::string file(const char* name) {
  const char* folder = std::getenv("MILLRACE_SHARED_DATA");
  const std::string path = std::string{folder == nullptr ? "" : folder}
                           + "/geoip/" + name;
  if (folder != nullptr && std::filesystem::exists(path))
    return path;
  millrace::tests::skip("MILLRACE_SHARED_DATA names no folder with geoip/"
                        + std::string{name});
  return {};
}

std::unique_ptr<millrace::logic::GeoLookup>
lookup_in(std::vector<std::string> files) {
  const auto database = GeoDatabase::open({.files = std::move(files)});
  if (!database)
    throw std::runtime_error(database.error().text);
  return (*database)->make_lookup();
}

/// Asks libmaxminddb.
class Judge {
public:
  explicit Judge(const std::string& path) {
    if (MMDB_open(path.c_str(), MMDB_MODE_MMAP, &file_) != MMDB_SUCCESS)
      throw std::runtime_error("the judge cannot open " + path);
  }
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;
  ~Judge() { MMDB_close(&file_); }

  std::string country(const std::string& address, bool& found_entry) {
    int gai_error = 0;
    int error = 0;
    auto found = MMDB_lookup_string(&file_, address.c_str(), &gai_error,
                                    &error);
    found_entry = error == MMDB_SUCCESS && found.found_entry;
    MMDB_entry_data_s data{};
    if (!found_entry
        || MMDB_get_value(&found.entry, &data, "country", "iso_code", nullptr)
             != MMDB_SUCCESS
        || !data.has_data)
      return {};
    return {data.utf8_string, data.data_size};
  }

private:
  MMDB_s file_{};
};

} // namespace

CAF_TEST(known_addresses_of_the_city_file_have_their_places) {
  const std::string path = file("GeoLite2-City-Test.mmdb");
  if (path.empty())
    return;
  const auto lookup = lookup_in({path});
  CAF_CHECK_EQUAL(located(*lookup, "81.2.69.142"),
                  R"({"country":"GB","region":"England","city":"London",)"
                  R"("latitude":51.5142,"longitude":-0.0931})");
  CAF_CHECK_EQUAL(located(*lookup, "89.160.20.112").substr(0, 16),
                  R"({"country":"SE",)");
  CAF_CHECK_EQUAL(located(*lookup, "2001:218::1").substr(0, 16),
                  R"({"country":"JP",)");
  CAF_CHECK_EQUAL(located(*lookup, "10.0.0.1"), "-");
}

CAF_TEST(city_and_asn_files_are_merged) {
  const std::string city = file("GeoLite2-City-Test.mmdb");
  const std::string asn = file("GeoLite2-ASN-Test.mmdb");
  if (city.empty() || asn.empty())
    return;
  const auto lookup = lookup_in({city, asn});
  const std::string merged = located(*lookup, "89.160.20.112");
  CAF_CHECK(merged.find(R"("country":"SE")") != std::string::npos);
  CAF_CHECK(merged.find(R"("asn":29518)") != std::string::npos);
  CAF_CHECK_EQUAL(located(*lookup, "1.128.0.1"),
                  R"({"asn":1221,"asn_organization":"Telstra Pty Ltd"})");
}

CAF_TEST(a_file_without_locations_knows_no_place) {
  const std::string path = file("GeoIP2-Anonymous-IP-Test.mmdb");
  if (!path.empty())
    CAF_CHECK_EQUAL(located(*lookup_in({path}), "1.2.0.1"), "-");
}

CAF_TEST(countries_agree_with_libmaxminddb_for_many_addresses) {
  const std::string path = file("GeoLite2-Country-Test.mmdb");
  if (path.empty())
    return;
  Judge judge{path};
  const auto lookup = lookup_in({path});
  std::mt19937 random{5};
  const std::vector<IpAddress> seeds{
    address("2.125.160.216"), address("67.43.156.1"),  address("81.2.69.142"),
    address("89.160.20.112"), address("175.16.199.1"), address("202.196.224.1"),
    address("216.160.83.56"), address("2001:218::1"),  address("2001:250::1"),
    address("2a02:cf40::1"),  address("2a02:d300::1"), address("2001:252::1")};
  int found_count = 0;
  for (int round = 0; round < 20'000; ++round) {
    // A known address with its tail changed, or any address.
    IpAddress wanted = seeds[random() % seeds.size()];
    const std::size_t length = wanted.family == AddressFamily::v4 ? 4 : 16;
    for (std::size_t i = random() % length; i < length; ++i)
      wanted.bytes[i] = static_cast<std::uint8_t>(random());
    const std::string text = to_string(wanted);
    bool found = false;
    const std::string expected = judge.country(text, found);
    found_count += found;
    const std::string json = located(*lookup, text);
    const std::string ours = expected.empty()
                               ? "-"
                               : "{\"country\":\"" + expected + "\"}";
    if (json != ours)
      CAF_FAIL(text << ": " << json << " where libmaxminddb has " << expected);
  }
  CAF_CHECK(found_count > 2'000);
}
