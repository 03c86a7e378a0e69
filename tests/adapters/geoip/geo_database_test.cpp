#define CAF_SUITE geo_database

#include "adapters/geoip/geo_database.hpp"

#include "adapters/geoip/demo_database.hpp"
#include "logic/geo/demo_cities.hpp"
#include "tests/adapters/geoip/small_databases.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>

#include <atomic>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace millrace::adapters::geoip;
using millrace::logic::ErrorCode;
using millrace::tests::TemporaryFolder;

namespace {

std::unique_ptr<GeoDatabase> opened(std::vector<std::string> files,
                                    std::string access = "memory") {
  auto database = GeoDatabase::open(
    {.files = std::move(files), .access = access});
  if (!database)
    throw std::runtime_error(database.error().text);
  return *std::move(database);
}

/// The error's text, with its code in front.
std::string refusal(const std::string& path) {
  const auto database = GeoDatabase::open({.files = {path}});
  if (database)
    return "opened";
  const auto& error = database.error();
  if (error.text.find(path) == std::string::npos)
    return "does not name the file: " + error.text;
  return std::string{to_string(error.code)} + ": " + error.text;
}

bool contains(const std::string& text, std::string_view part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found)
    CAF_MESSAGE("in: " << text);
  return found;
}

std::string plain(const char* code) {
  return std::string{R"({"country":")"} + code + "\"}";
}

/// A member of a place's JSON; empty where it has none of that name.
std::string told_of(const millrace::logic::geo::Place& place,
                    std::string_view member) {
  const auto told = boost::json::parse(place.json);
  const auto* value = told.as_object().if_contains(member);
  return value ? std::string{value->as_string()} : std::string{};
}

} // namespace

CAF_TEST(without_files_every_address_is_unknown) {
  const auto database = opened({});
  const auto lookup = database->make_lookup();
  CAF_CHECK_EQUAL(located(*lookup, "8.8.8.8"), "-");
  CAF_CHECK_EQUAL(located(*lookup, "2a00::1"), "-");
  CAF_CHECK(database->files().empty());
  CAF_CHECK(!*database->reload_if_changed());
}

CAF_TEST(the_demo_cities_are_found_in_both_families_and_both_ways_of_access) {
  const TemporaryFolder folder;
  const std::string path = folder / "demo.mmdb";
  CAF_REQUIRE(write_demo_database(path));
  for (const std::string access : {"memory", "map"}) {
    const auto database = opened({path}, access);
    const auto lookup = database->make_lookup();
    for (const auto& city : millrace::logic::geo::demo_cities())
      for (std::uint64_t random = 0; random < 5; ++random) {
        std::vector addresses{demo_address(city, random)};
        if (const auto v6 = demo_address_v6(city, random))
          addresses.push_back(*v6);
        std::vector<const millrace::logic::geo::Place*> places(
          addresses.size());
        const auto pin = lookup->locate(addresses, places);
        for (const auto* place : places) {
          CAF_REQUIRE(place != nullptr);
          CAF_CHECK_EQUAL(place->country, city.country);
          CAF_CHECK_EQUAL(place->latitude, city.latitude);
          CAF_CHECK_EQUAL(place->longitude, city.longitude);
          CAF_CHECK_EQUAL(place->asn, city.asn);
          CAF_CHECK_EQUAL(told_of(*place, "region"), city.region);
          CAF_CHECK_EQUAL(told_of(*place, "city"), city.city);
          CAF_CHECK_EQUAL(told_of(*place, "asn_organization"),
                          city.asn_organization);
        }
      }
    CAF_CHECK_EQUAL(located(*lookup, "8.8.8.8"), "-");
    CAF_CHECK_EQUAL(database->files().at(0).database_type,
                    "millrace-demo-City");
    CAF_CHECK(database->files().at(0).answers_v4);
    CAF_CHECK(database->files().at(0).answers_v6);
  }
}

CAF_TEST(unusable_files_are_named_with_what_is_wrong) {
  const TemporaryFolder folder;
  const std::string good = tiny_database("1.0.0.0/8", "AA");
  const auto refused = [&](std::string_view bytes) {
    return refusal(folder.write("bad.mmdb", bytes));
  };
  CAF_CHECK(contains(refusal(folder / "none.mmdb"), "not_found"));
  CAF_CHECK(contains(refusal(folder / "none.mmdb"), "geoip.files"));
  CAF_CHECK(contains(refusal(folder / ""), "not a regular file"));
  CAF_CHECK(contains(refused(""), "is empty"));
  CAF_CHECK(
    contains(refused("network,country\n1.0.0.0/8,AA\n"), "not a MaxMind DB"));
  CAF_CHECK(contains(refused("\x1f\x8b" + good.substr(2, 50)), "gzip"));
  CAF_CHECK(contains(refused("PK\x03\x04" + good.substr(4, 50)), "zip"));
  // Cut at the end, and with the front missing.
  CAF_CHECK(
    contains(refused(good.substr(0, good.size() / 2)), "its end is missing"));
  CAF_CHECK(
    contains(refused(good.substr(0, good.size() - 10)), "broken metadata"));
  CAF_CHECK(contains(refused(good.substr(good.size() - 250)), "too short"));
  CAF_CHECK(contains(refused(bytes_of(MmdbWriter{{}})), "no networks"));
  std::string version = good;
  const std::string key = "binary_format_major_version";
  version[version.find(key) + key.size() + 1] = 3;
  CAF_CHECK(contains(refused(version), "unsupported"));
  // Records that point behind the data.
  std::string torn = good;
  for (std::size_t i = 0; i < 300; ++i)
    torn[i] = '\xff';
  CAF_CHECK(contains(refused(torn), "damaged"));
}

CAF_TEST(more_files_for_a_family_than_a_place_can_merge_are_refused) {
  const TemporaryFolder folder;
  std::vector<std::string> files;
  for (const char* name : {"1", "2", "3", "4", "5"})
    files.push_back(folder.write(name, tiny_database("1.0.0.0/8", "AA")));
  const auto database = GeoDatabase::open({.files = files});
  CAF_REQUIRE(!database);
  CAF_CHECK(database.error().code == ErrorCode::invalid_config);
  files.pop_back();
  CAF_CHECK(GeoDatabase::open({.files = files}));
}

CAF_TEST(a_renamed_in_replacement_answers_from_the_next_call_on) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.mmdb",
                                        tiny_database("1.0.0.0/8", "AA"));
  const auto database = opened({path});
  const auto lookup = database->make_lookup();
  const auto wanted = address("1.2.3.4");
  const millrace::logic::geo::Place* old_place = nullptr;
  const auto pin = lookup->locate({&wanted, 1}, {&old_place, 1});
  CAF_CHECK(!*database->reload_if_changed());
  folder.write("a.mmdb", tiny_database("1.0.0.0/8", "BB"));
  CAF_CHECK_EQUAL(located(*lookup, "1.2.3.4"), plain("AA"));
  CAF_CHECK(*database->reload_if_changed());
  CAF_CHECK_EQUAL(located(*lookup, "1.2.3.4"), plain("BB"));
  CAF_CHECK_EQUAL(located(*database->make_lookup(), "1.2.3.4"), plain("BB"));
  CAF_CHECK(!*database->reload_if_changed());
  // What an earlier batch holds stays as it was.
  CAF_CHECK_EQUAL(old_place->json, plain("AA"));
}

CAF_TEST(a_broken_replacement_keeps_the_old_answers_and_is_reported_once) {
  const TemporaryFolder folder;
  const std::string good = tiny_database("1.0.0.0/8", "AA");
  const std::string path = folder.write("a.mmdb", good);
  const auto database = opened({path});
  const auto lookup = database->make_lookup();
  for (const std::string& broken :
       {good.substr(0, good.size() / 2), std::string{}, std::string{"x"}}) {
    folder.write("a.mmdb", broken);
    const auto result = database->reload_if_changed();
    CAF_REQUIRE(!result);
    CAF_CHECK(contains(result.error().text, path));
    CAF_CHECK_EQUAL(located(*lookup, "1.2.3.4"), plain("AA"));
    const auto again = database->reload_if_changed();
    CAF_CHECK(again && !*again);
  }
  std::filesystem::remove(path);
  const auto missing = database->reload_if_changed();
  CAF_CHECK(!missing && missing.error().code == ErrorCode::not_found);
  CAF_CHECK_EQUAL(located(*lookup, "1.2.3.4"), plain("AA"));
  folder.write("a.mmdb", tiny_database("1.0.0.0/8", "CC"));
  CAF_CHECK(*database->reload_if_changed());
  CAF_CHECK_EQUAL(located(*lookup, "1.2.3.4"), plain("CC"));
}

CAF_TEST(overwriting_the_file_in_place_does_not_disturb_lookups) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.mmdb",
                                        tiny_database("1.0.0.0/8", "AA"));
  const auto database = opened({path});
  const auto lookup = database->make_lookup();
  std::filesystem::resize_file(path, 0);
  CAF_CHECK_EQUAL(located(*lookup, "1.2.3.4"), plain("AA"));
  CAF_CHECK_EQUAL(located(*lookup, "2.2.3.4"), "-");
}

CAF_TEST(lookups_outlive_their_database) {
  const TemporaryFolder folder;
  auto database = opened(
    {folder.write("a.mmdb", tiny_database("1.0.0.0/8", "AA"))});
  const auto lookup = database->make_lookup();
  database.reset();
  CAF_CHECK_EQUAL(located(*lookup, "1.2.3.4"), plain("AA"));
}

CAF_TEST(lookups_on_other_threads_go_on_while_files_are_replaced) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.mmdb",
                                        tiny_database("1.0.0.0/8", "AA"));
  const auto database = opened({path});
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  const auto ask = [&] {
    const auto lookup = database->make_lookup();
    while (!done) {
      const std::string json = located(*lookup, "1.2.3.4");
      if (json != plain("AA") && json != plain("BB"))
        ++wrong;
    }
  };
  std::thread first{ask};
  std::thread second{ask};
  int replaced = 0;
  for (int round = 0; round < 50; ++round) {
    folder.write("a.mmdb",
                 tiny_database("1.0.0.0/8", round % 2 == 0 ? "BB" : "AA"));
    const auto result = database->reload_if_changed();
    replaced += result && *result;
  }
  done = true;
  first.join();
  second.join();
  CAF_CHECK_EQUAL(wrong.load(), 0);
  CAF_CHECK_EQUAL(replaced, 50);
}
