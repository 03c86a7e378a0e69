#define CAF_SUITE failed_logins

#include "adapters/geoip/geo_database.hpp"
#include "logic/enrichment/enrichment.hpp"
#include "logic/validation/validator.hpp"

#include "tests/logic/detection/batch_detector.hpp"
#include "tests/support/skip.hpp"

#include "caf/test/dsl.hpp"

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

using namespace millrace::logic;
using millrace::adapters::geoip::GeoDatabase;

namespace {

struct Told {
  std::string user;
  LoginStatus status = LoginStatus::unknown;
  Judgement judgement;
};

/// The recorded events as the stages see them, one batch.
std::vector<Told> judge(const std::string& folder) {
  auto database = GeoDatabase::open(
    {.files = {folder + "/geoip/GeoLite2-City-Test.mmdb"}});
  CAF_REQUIRE(database);
  std::ifstream file{folder + "/events/failed_logins_teach.jsonl"};
  RecordBatch::Builder builder{"logins", PartitionId{0}, AssignmentEpoch{1}};
  std::int64_t offset = 0;
  for (std::string line; std::getline(file, line);) {
    RecordView view;
    view.offset = Offset{offset++};
    view.value = line;
    builder.append(view);
  }
  Validator validator{ValidationConfig{}};
  Enrichment enrichment{{}, (*database)->make_lookup()};
  millrace::tests::BatchDetector detector{detection::DetectionConfig{}};
  const auto batch = enrichment.enrich(
    validator.validate(builder.finish(), 1'763'732'600'000));
  const auto judged = detector.judge(*batch);
  std::vector<Told> told;
  for (std::size_t event = 0; event != judged.events.size(); ++event) {
    const auto& login = batch->validated->events[event];
    told.push_back({std::string{login.user_id.substr(0, 8)}, login.status,
                    judged.judgements[event]});
  }
  return told;
}

} // namespace

CAF_TEST(failed_tries_from_afar_neither_blame_the_owner_nor_hide_the_thief) {
  const auto* folder = std::getenv("MILLRACE_SHARED_DATA");
  if (folder == nullptr)
    return millrace::tests::skip("MILLRACE_SHARED_DATA is not set");
  const auto told = judge(folder);
  CAF_REQUIRE_EQUAL(told.size(), 29u);
  std::map<std::string, Judgement> last;
  for (const auto& login : told) {
    if (login.status == LoginStatus::failure)
      CAF_CHECK_EQUAL(int{login.judgement.rules}, 0);
    last[login.user] = login.judgement;
  }
  CAF_CHECK_EQUAL(int{last["21636369"].rules}, 0);
  for (const auto* user : {"781f9c58", "65aa9c82"}) {
    CAF_CHECK(last[user].has(Rule::impossible_travel));
    CAF_CHECK(last[user].has(Rule::new_device));
    CAF_CHECK(last[user].has(Rule::new_country));
    CAF_CHECK(last[user].anomalous());
  }
}
