#define CAF_SUITE mmdb_writer

#include "adapters/geoip/mmdb_writer.hpp"

#include "adapters/geoip/demo_database.hpp"
#include "logic/geo/demo_cities.hpp"
#include "tests/adapters/geoip/small_databases.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <maxminddb.h>

#include <filesystem>
#include <string>

using namespace millrace::adapters::geoip;
using millrace::logic::ErrorCode;
using millrace::tests::TemporaryFolder;

namespace {

/// libmaxminddb as the judge of what was written.
class Judge {
public:
  explicit Judge(const std::string& path)
    : status_(MMDB_open(path.c_str(), MMDB_MODE_MMAP, &file_)) {}
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;
  ~Judge() {
    if (status_ == MMDB_SUCCESS)
      MMDB_close(&file_);
  }

  bool opened() const { return status_ == MMDB_SUCCESS; }
  const MMDB_metadata_s& metadata() const { return file_.metadata; }

  template <class... Path>
  MMDB_entry_data_s value(const std::string& address, Path... path) {
    MMDB_entry_data_s data{};
    int gai_error = 0;
    int error = 0;
    auto found = MMDB_lookup_string(&file_, address.c_str(), &gai_error,
                                    &error);
    if (gai_error == 0 && error == MMDB_SUCCESS && found.found_entry
        && MMDB_get_value(&found.entry, &data, path..., nullptr)
             != MMDB_SUCCESS)
      data.has_data = false;
    return data;
  }

  template <class... Path>
  std::string text(const std::string& address, Path... path) {
    const auto data = value(address, path...);
    if (!data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING)
      return "-";
    return {data.utf8_string, data.data_size};
  }

  /// Every value below an address decodes.
  bool decodes(const std::string& address) {
    int gai_error = 0;
    int error = 0;
    auto found = MMDB_lookup_string(&file_, address.c_str(), &gai_error,
                                    &error);
    MMDB_entry_data_list_s* list = nullptr;
    const bool good = found.found_entry
                      && MMDB_get_entry_data_list(&found.entry, &list)
                           == MMDB_SUCCESS;
    MMDB_free_entry_data_list(list);
    return good;
  }

private:
  MMDB_s file_{};
  int status_;
};

MmdbValue rich_value(const std::string& city) {
  return MmdbMap{
    {"city", MmdbMap{{"names", MmdbMap{{"en", city}}}}},
    {"location", MmdbMap{{"latitude", 1.5}, {"longitude", -2.25F}}},
    {"subdivisions", MmdbArray{MmdbMap{{"iso_code", "AB"}}, "second"}},
    {"small", std::uint16_t{300}},
    {"number", std::uint32_t{4'000'000'000}},
    {"large", std::uint64_t{1} << 40},
    {"long", std::string(300, 'x')},
    {"longer", std::string(70'000, 'y')},
    {"empty", ""},
    {"zero", std::uint32_t{0}}};
}

} // namespace

CAF_TEST(libmaxminddb_reads_every_record_size_and_type) {
  for (const int bits : {24, 28, 32}) {
    const TemporaryFolder folder;
    MmdbWriter writer{{.database_type = "test-type",
                       .record_bits = bits,
                       .build_time_s = 1'700'000'000}};
    insert(writer, "1.2.0.0/16", rich_value("First"));
    insert(writer, "1.2.3.0/24", rich_value("Inner"));
    insert(writer, "1.2.3.4/32", rich_value("Host"));
    insert(writer, "2a00:1::/32", rich_value("Six"));
    insert(writer, "2a00:1::1/128", rich_value("Sixth"));
    const std::string path = folder / "a.mmdb";
    CAF_REQUIRE(writer.write_file(path));
    Judge judge{path};
    CAF_REQUIRE(judge.opened());
    CAF_CHECK_EQUAL(judge.metadata().record_size, bits);
    CAF_CHECK_EQUAL(std::string{judge.metadata().database_type}, "test-type");
    CAF_CHECK_EQUAL(judge.metadata().build_epoch, 1'700'000'000U);
    CAF_CHECK_EQUAL(judge.text("1.2.255.255", "city", "names", "en"), "First");
    CAF_CHECK_EQUAL(judge.text("1.2.3.5", "city", "names", "en"), "Inner");
    CAF_CHECK_EQUAL(judge.text("1.2.3.4", "city", "names", "en"), "Host");
    CAF_CHECK_EQUAL(judge.text("::ffff:1.2.3.4", "city", "names", "en"),
                    "Host");
    CAF_CHECK_EQUAL(judge.text("2a00:1::2", "city", "names", "en"), "Six");
    CAF_CHECK_EQUAL(judge.text("2a00:1::1", "city", "names", "en"), "Sixth");
    CAF_CHECK_EQUAL(judge.text("1.3.0.0", "city", "names", "en"), "-");
    CAF_CHECK_EQUAL(judge.text("2a00:2::", "city", "names", "en"), "-");
    const std::string host = "1.2.3.4";
    CAF_CHECK(judge.decodes(host));
    CAF_CHECK_EQUAL(judge.text(host, "subdivisions", "0", "iso_code"), "AB");
    CAF_CHECK_EQUAL(judge.text(host, "subdivisions", "1"), "second");
    CAF_CHECK_EQUAL(judge.value(host, "location", "latitude").double_value,
                    1.5);
    CAF_CHECK_EQUAL(judge.value(host, "location", "longitude").float_value,
                    -2.25F);
    CAF_CHECK_EQUAL(judge.value(host, "small").uint16, 300);
    CAF_CHECK_EQUAL(judge.value(host, "number").uint32, 4'000'000'000U);
    CAF_CHECK_EQUAL(judge.value(host, "large").uint64, 1ULL << 40);
    CAF_CHECK_EQUAL(judge.text(host, "long"), std::string(300, 'x'));
    CAF_CHECK_EQUAL(judge.text(host, "longer"), std::string(70'000, 'y'));
    CAF_CHECK_EQUAL(judge.text(host, "empty"), "");
    CAF_CHECK(judge.value(host, "zero").has_data);
  }
}

CAF_TEST(a_v4_database_of_flat_records_reads_back) {
  const TemporaryFolder folder;
  MmdbWriter writer{{.ip_version = 4, .record_bits = 24}};
  insert(writer, "0.0.0.0/0", MmdbMap{{"country_code", "XX"}});
  insert(writer, "200.0.0.0/6", MmdbMap{{"country_code", "BR"}});
  const std::string path = folder / "flat.mmdb";
  CAF_REQUIRE(writer.write_file(path));
  Judge judge{path};
  CAF_REQUIRE(judge.opened());
  CAF_CHECK_EQUAL(judge.text("203.255.255.255", "country_code"), "BR");
  CAF_CHECK_EQUAL(judge.text("204.0.0.0", "country_code"), "XX");
}

CAF_TEST(a_wider_network_replaces_what_it_covers) {
  const TemporaryFolder folder;
  MmdbWriter writer{{}};
  insert(writer, "9.9.9.0/24", country("AA"));
  insert(writer, "9.0.0.0/8", country("BB"));
  const std::string path = folder / "a.mmdb";
  CAF_REQUIRE(writer.write_file(path));
  Judge judge{path};
  CAF_REQUIRE(judge.opened());
  CAF_CHECK_EQUAL(judge.text("9.9.9.9", "country", "iso_code"), "BB");
  // The replaced nodes are gone: 96 + 8 for v4, and 15 that lead from the
  // 81st bit to ::ffff:0:0/96.
  CAF_CHECK_EQUAL(judge.metadata().node_count, 119U);
}

CAF_TEST(equal_values_are_written_once) {
  MmdbWriter one{{}};
  insert(one, "1.0.0.0/16", rich_value("City"));
  MmdbWriter many{{}};
  for (int i = 0; i < 256; ++i)
    insert(many, "1." + std::to_string(i) + ".0.0/16", rich_value("City"));
  // 255 nodes more, of 7 bytes, and no data.
  CAF_CHECK(bytes_of(many).size() < bytes_of(one).size() + 256 * 7);
}

CAF_TEST(networks_that_do_not_fit_are_refused) {
  MmdbWriter v4{{.ip_version = 4}};
  const auto refused = [&](std::string_view text, int bits) {
    const auto result = v4.insert(address(text), bits, country("AA"));
    return !result && result.error().code == ErrorCode::invalid_argument;
  };
  CAF_CHECK(refused("2a00::", 32));
  CAF_CHECK(refused("1.2.3.4", 33));
  CAF_CHECK(refused("1.2.3.4", -1));
  CAF_CHECK(!v4.insert({}, 8, country("AA")));
  MmdbWriter odd{{.record_bits = 25}};
  CAF_CHECK(!odd.to_bytes());
}

CAF_TEST(a_file_that_cannot_be_written_leaves_nothing_behind) {
  const TemporaryFolder folder;
  const auto result = write_demo_database(folder / "no/such/folder.mmdb");
  CAF_REQUIRE(!result);
  CAF_CHECK(result.error().text.find("folder.mmdb") != std::string::npos);
  std::filesystem::create_directory(folder / "folder");
  CAF_CHECK(!write_demo_database(folder / "folder"));
  CAF_CHECK(std::filesystem::is_empty(folder / "folder"));
  for (const auto& entry : std::filesystem::directory_iterator(folder / ""))
    CAF_CHECK_EQUAL(entry.path().filename().string(), "folder");
}

CAF_TEST(libmaxminddb_reads_the_demo_database) {
  const TemporaryFolder folder;
  const std::string path = folder / "demo.mmdb";
  CAF_REQUIRE(write_demo_database(path));
  CAF_CHECK(std::filesystem::file_size(path) < 64 * 1024);
  Judge judge{path};
  CAF_REQUIRE(judge.opened());
  for (const auto& city : millrace::logic::geo::demo_cities()) {
    const std::string v4 = to_string(demo_address(city, 42));
    CAF_CHECK(judge.decodes(v4));
    CAF_CHECK_EQUAL(judge.text(v4, "country", "iso_code"), city.country);
    CAF_CHECK_EQUAL(judge.text(v4, "city", "names", "en"), city.city);
    CAF_CHECK_EQUAL(judge.value(v4, "autonomous_system_number").uint32,
                    city.asn);
    CAF_CHECK_EQUAL(judge.value(v4, "location", "latitude").double_value,
                    city.latitude);
    if (const auto v6 = demo_address_v6(city, 42))
      CAF_CHECK_EQUAL(judge.text(to_string(*v6), "city", "names", "en"),
                      city.city);
  }
}

CAF_TEST(the_demo_database_is_always_the_same) {
  CAF_CHECK(*demo_database_bytes() == *demo_database_bytes());
}
