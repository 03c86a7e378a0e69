#define CAF_SUITE quiet_network_list

#include "adapters/geoip/geo_database.hpp"
#include "adapters/geoip/quiet_network_list.hpp"
#include "logic/enrichment/enrichment.hpp"
#include "logic/validation/validator.hpp"

#include "tests/support/skip.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

using namespace millrace::logic;
using namespace millrace::adapters::geoip;

namespace {

void write(const std::string& path, std::string_view text) {
  std::ofstream file{path + ".new"};
  file << text;
  file.close();
  CAF_REQUIRE_EQUAL(std::rename((path + ".new").c_str(), path.c_str()), 0);
}

bool contains(const QuietNetworkList& list, std::string_view address) {
  return list.current()->contains(*geo::parse_ip(address), 0);
}

} // namespace

CAF_TEST(a_changed_file_is_read_again_and_a_bad_one_leaves_the_old_list) {
  const millrace::tests::TemporaryFolder folder;
  const auto path = folder.path() + "/quiet.txt";
  write(path, "192.0.2.0/24\n");
  auto opened = QuietNetworkList::open({"198.51.100.0/24", path});
  CAF_REQUIRE(opened);
  auto& list = **opened;
  CAF_CHECK(list.has_files());
  CAF_CHECK(contains(list, "192.0.2.1"));
  CAF_CHECK(contains(list, "198.51.100.1"));
  CAF_CHECK(!*list.reload_if_changed());
  write(path, "203.0.113.0/24\n# no more\n");
  CAF_CHECK(*list.reload_if_changed());
  CAF_CHECK(!contains(list, "192.0.2.1"));
  CAF_CHECK(contains(list, "203.0.113.1"));
  write(path, "203.0.113.0/24\n1.2.3.4/99 and more\n");
  const auto refused = list.reload_if_changed();
  CAF_REQUIRE(!refused);
  CAF_CHECK(refused.error().text.find("quiet.txt\": line 2: \"1.2.3.4/99\"")
            != std::string::npos);
  CAF_CHECK(!*list.reload_if_changed());
  CAF_CHECK(contains(list, "203.0.113.1"));
  write(path, "");
  CAF_CHECK(*list.reload_if_changed());
  CAF_CHECK(!contains(list, "203.0.113.1"));
  CAF_CHECK(contains(list, "198.51.100.1"));
}

CAF_TEST(a_missing_file_is_named_at_the_start) {
  const auto opened = QuietNetworkList::open({"file:/no/such/list"});
  CAF_REQUIRE(!opened);
  CAF_CHECK(opened.error().text.find("/no/such/list") != std::string::npos);
  CAF_CHECK(*QuietNetworkList::open({}));
}

CAF_TEST(autonomous_systems_come_from_a_geoip_file) {
  const auto* folder = std::getenv("MILLRACE_SHARED_DATA");
  if (folder == nullptr)
    return millrace::tests::skip("MILLRACE_SHARED_DATA is not set");
  const std::string geoip = std::string{folder} + "/geoip/";
  auto database = GeoDatabase::open(
    {.files = {geoip + "GeoLite2-City-Test.mmdb",
               geoip + "GeoLite2-ASN-Test.mmdb"}});
  CAF_REQUIRE(database);
  auto opened = QuietNetworkList::open({"AS1221", "81.2.69.142/32"});
  CAF_REQUIRE(opened);
  const std::shared_ptr<QuietNetworkList> list{std::move(*opened)};
  RecordBatch::Builder builder{"logins", PartitionId{0}, AssignmentEpoch{1}};
  std::int64_t offset = 0;
  for (const std::string_view address :
       {"1.128.0.7", "81.2.69.142", "81.2.69.143", "12.81.92.1"}) {
    RecordView view;
    view.offset = Offset{offset++};
    const auto event
      = R"({"user_id":"u","app_version":"1","device_type":"iOS",)"
        R"("ip":")"
        + std::string{address} + R"(","timestamp":1763700000})";
    view.value = event;
    builder.append(view);
  }
  Validator validator{ValidationConfig{}};
  Enrichment enrichment{
    {}, (*database)->make_lookup(), [list] { return list->current(); }};
  const auto batch = enrichment.enrich(
    validator.validate(builder.finish(), 1'763'732'600'000));
  CAF_REQUIRE_EQUAL(batch->origins.size(), 4u);
  CAF_CHECK(batch->origins[0].quiet);
  CAF_CHECK(batch->origins[1].quiet);
  CAF_CHECK(!batch->origins[2].quiet);
  CAF_CHECK(!batch->origins[3].quiet);
}
