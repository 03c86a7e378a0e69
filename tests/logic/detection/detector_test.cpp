#define CAF_SUITE detector

#include "logic/detection/detector.hpp"
#include "logic/detection/forest_trainer.hpp"
#include "logic/detection/user_hash.hpp"

#include "tests/logic/detection/batch_detector.hpp"
#include "tests/logic/detection/login_batch.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace::logic;
using namespace millrace::logic::detection;
using millrace::tests::BatchDetector;
using millrace::tests::login_batch;
using millrace::tests::LoginText;

namespace {

constexpr std::int64_t noon_s = 1'700'000'000;

geo::Place place_of(std::string country, double latitude, double longitude) {
  geo::Place place;
  place.country = std::move(country);
  place.has_coordinates = true;
  place.latitude = latitude;
  place.longitude = longitude;
  return place;
}

const auto lisbon = place_of("PT", 38.7223, -9.1393);
const auto hartford = place_of("US", 41.7658, -72.6734);

DetectionConfig small_config() {
  DetectionConfig config;
  config.max_users = 4096;
  config.training_sample = 2048;
  return config;
}

/// Each login by a user never seen before, as the usual generator sends them.
std::vector<LoginText> strangers(std::size_t count, std::uint64_t seed) {
  Random random{seed};
  std::vector<LoginText> logins(count);
  for (std::size_t i = 0; i != count; ++i) {
    logins[i].user = std::to_string(random.next());
    logins[i].device = std::to_string(random.next());
    logins[i].locale = std::string{"L"} + std::to_string(random.below(50));
    logins[i].at_s = noon_s + static_cast<std::int64_t>(40 * i);
  }
  return logins;
}

ModelPtr fit_on(Detector& detector, double contamination = 0.001) {
  const auto rows = detector.take_samples();
  FitOptions options;
  options.contamination = contamination;
  auto model = fit_model({rows, feature_count}, feature_names(), options);
  CAF_REQUIRE(model);
  return *model;
}

std::vector<LoginText> same_user(std::size_t count) {
  return std::vector<LoginText>(count);
}

} // namespace

CAF_TEST(a_traveller_is_told_with_distance_and_countries) {
  BatchDetector detector{small_config()};
  const auto judgements = detector.judge(*login_batch(
    {{.at_s = noon_s, .place = &lisbon},
     {.at_s = noon_s + 3600, .place = &hartford},
     {.user = "other", .at_s = noon_s + 3600, .place = &hartford}}));
  CAF_REQUIRE_EQUAL(judgements.judgements.size(), 3u);
  CAF_CHECK(!judgements.judgements[0].anomalous());
  CAF_CHECK(judgements.judgements[1].has(Rule::impossible_travel));
  CAF_CHECK(!judgements.judgements[1].scored);
  CAF_CHECK(!judgements.judgements[2].anomalous());
  CAF_REQUIRE_EQUAL(judgements.findings.size(), 1u);
  CAF_CHECK_EQUAL(judgements.findings[0].event, 1u);
  CAF_CHECK(judgements.findings[0].rule == Rule::impossible_travel);
  CAF_CHECK(judgements.findings[0].severity == Severity::medium);
  CAF_CHECK_EQUAL(judgements.findings[0].text,
                  "5278 km in 1.0 h, from PT to US");
  CAF_CHECK_EQUAL(
    judgements.findings[0].evidence,
    R"("distance_km":5278,"minutes":60.0,"speed_kmh":5278,)"
    R"("from":{"country":"PT","latitude":38.72,"longitude":-9.14},)"
    R"("to":{"country":"US","latitude":41.77,"longitude":-72.67})");
  CAF_CHECK_EQUAL(judgements.model_id, "");
  const auto counts = detector.counts();
  CAF_CHECK_EQUAL(counts.users, 2u);
  CAF_CHECK_EQUAL(counts.judged, 3u);
  CAF_CHECK_EQUAL(counts.anomalous, 1u);
  CAF_CHECK_EQUAL(
    counts.fired[static_cast<std::size_t>(Rule::impossible_travel)], 1u);
}

CAF_TEST(a_redelivered_batch_counts_once) {
  BatchDetector detector{small_config()};
  const auto batch = login_batch(same_user(8));
  detector.judge(*login_batch(strangers(100, 2), 0, 1));
  detector.judge(*batch);
  const auto samples = detector.samples();
  CAF_CHECK_GREATER(samples, 0u);
  for (int i = 0; i != 5; ++i)
    for (const auto& judgement : detector.judge(*batch).judgements)
      CAF_CHECK(!judgement.anomalous());
  CAF_CHECK_EQUAL(detector.counts().repeated, 40u);
  CAF_CHECK_EQUAL(detector.samples(), samples);
  // Two more make ten, the third is one too many.
  const auto more = detector.judge(*login_batch(same_user(3), 8));
  CAF_CHECK(!more.judgements[1].anomalous());
  CAF_CHECK(more.judgements[2].has(Rule::velocity));
}

CAF_TEST(of_an_overlapping_batch_only_the_new_records_count) {
  BatchDetector detector{small_config()};
  detector.judge(*login_batch(same_user(6), 0));
  const auto judgements = detector.judge(*login_batch(same_user(10), 1));
  CAF_CHECK_EQUAL(detector.counts().repeated, 5u);
  CAF_CHECK(!judgements.judgements[8].anomalous());
  CAF_CHECK(judgements.judgements[9].has(Rule::velocity));
}

CAF_TEST(the_same_offsets_of_another_partition_or_topic_are_other_records) {
  BatchDetector detector{small_config()};
  detector.judge(*login_batch(same_user(5), 0, 0));
  detector.judge(*login_batch(same_user(5), 0, 1));
  CAF_CHECK(detector.judge(*login_batch(same_user(1), 0, 0, "elsewhere"))
              .judgements[0]
              .has(Rule::velocity));
  CAF_CHECK_EQUAL(detector.counts().repeated, 0u);
}

CAF_TEST(detectors_divide_the_events_among_them) {
  const auto batch = login_batch(strangers(500, 5));
  std::vector<int> judged(500);
  for (std::uint32_t number = 0; number != 3; ++number) {
    BatchDetector detector{small_config(), number, 3};
    const auto judgements = detector.judge(*batch);
    CAF_CHECK_EQUAL(judgements.events.size(), judgements.judgements.size());
    CAF_CHECK_GREATER(judgements.events.size(), 100u);
    for (const auto event : judgements.events)
      ++judged[event];
  }
  CAF_CHECK_EQUAL(judged, std::vector<int>(500, 1));
}

CAF_TEST(a_forest_fitted_on_the_stream_leaves_strangers_alone) {
  BatchDetector detector{small_config()};
  for (int i = 0; i != 4; ++i)
    detector.judge(*login_batch(strangers(1000, 10 + i), 1000 * i));
  CAF_CHECK_EQUAL(detector.sampled_from(), 4000 - Detector::warm_up_events);
  CAF_CHECK_EQUAL(detector.samples(), 2048u);
  const auto model = fit_on(detector);
  CAF_CHECK_EQUAL(detector.samples(), 0u);
  detector.use_forest(model);
  std::size_t anomalous = 0;
  for (int i = 4; i != 14; ++i) {
    const auto judgements = detector.judge(
      *login_batch(strangers(1000, 10 + i), 1000 * i));
    CAF_CHECK_EQUAL(judgements.model_id, model->info.id);
    for (const auto& judgement : judgements.judgements) {
      CAF_REQUIRE(judgement.scored);
      CAF_REQUIRE(judgement.score > 0.0F && judgement.score <= 1.0F);
      anomalous += judgement.anomalous() ? 1 : 0;
    }
  }
  CAF_MESSAGE(anomalous << " of 10000 are anomalous");
  CAF_CHECK_LESS_OR_EQUAL(anomalous, 50u);
}

CAF_TEST(the_forest_sees_what_no_rule_asks_for) {
  BatchDetector detector{small_config()};
  // A stream in which now and then a regular comes back, so that trees have
  // something to split on in every column.
  auto stream = strangers(3000, 20);
  for (std::size_t i = 0; i < stream.size(); i += 300) {
    stream[i].user = "regular " + std::to_string(i % 3);
    stream[i].place = i % 600 == 0 ? &lisbon : &hartford;
  }
  detector.judge(*login_batch(stream));
  detector.use_forest(fit_on(detector, 0.01));
  // Known for hours, then nine logins at once from an odd version abroad:
  // below every limit, unlike everybody.
  std::vector<LoginText> odd(9);
  for (auto& login : odd)
    login = {.user = "odd",
             .at_s = noon_s + 7200,
             .place = &lisbon,
             .device = "d",
             .locale = "xx",
             .version = "0.0.1"};
  const auto judgements = detector.judge(*login_batch(odd, 3000));
  CAF_CHECK(judgements.judgements[8].has(Rule::forest));
  CAF_CHECK(!judgements.judgements[8].has(Rule::velocity));
  CAF_REQUIRE(!judgements.findings.empty());
  CAF_CHECK(judgements.findings.back().text.starts_with(
    "unlike most logins: score 0."));
  CAF_CHECK(judgements.judgements[8].anomalous());
}

CAF_TEST(rules_that_are_switched_off_never_fire) {
  auto config = small_config();
  config.rules = {"velocity"};
  BatchDetector detector{config};
  const auto judgements = detector.judge(*login_batch(
    {{.user = "traveller", .at_s = noon_s, .place = &lisbon},
     {.user = "traveller", .at_s = noon_s + 60, .place = &hartford}}));
  CAF_CHECK(!judgements.judgements[1].anomalous());
  CAF_CHECK(judgements.findings.empty());
  CAF_CHECK(detector.judge(*login_batch(same_user(11), 2))
              .judgements[10]
              .has(Rule::velocity));
}

CAF_TEST(a_fixed_threshold_overrides_the_models) {
  auto config = small_config();
  config.threshold = 0.01;
  BatchDetector detector{config};
  detector.judge(*login_batch(strangers(600, 30)));
  detector.use_forest(fit_on(detector));
  const auto judgements = detector.judge(*login_batch(strangers(10, 31), 600));
  for (const auto& judgement : judgements.judgements)
    CAF_CHECK(judgement.has(Rule::forest));
  detector.use_forest(nullptr);
  const auto unscored = detector.judge(*login_batch(strangers(10, 32), 610));
  CAF_CHECK(!unscored.judgements[0].scored);
  CAF_CHECK(!unscored.judgements[0].anomalous());
}

CAF_TEST(placeholder_users_have_no_habits) {
  BatchDetector detector{small_config()};
  std::vector<LoginText> logins(50);
  for (std::size_t i = 0; i != logins.size(); ++i) {
    logins[i].user = i % 3 == 0 ? "anonymous" : i % 3 == 1 ? "NULL" : " None ";
    logins[i].place = i % 2 == 0 ? &lisbon : &hartford;
    logins[i].device = std::to_string(i);
  }
  for (const auto& judgement : detector.judge(*login_batch(logins)).judgements)
    CAF_CHECK(!judgement.anomalous());
  CAF_CHECK_EQUAL(detector.counts().users, 0u);
}

CAF_TEST(events_without_a_user_are_nobodys) {
  auto logins = same_user(20);
  for (auto& login : logins)
    login.user.clear();
  BatchDetector detector{small_config()};
  for (const auto& judgement : detector.judge(*login_batch(logins)).judgements)
    CAF_CHECK(!judgement.anomalous());
  CAF_CHECK_EQUAL(detector.counts().users, 0u);
}

CAF_TEST(users_beyond_the_limit_are_forgotten) {
  auto config = small_config();
  config.max_users = 1024;
  BatchDetector detector{config};
  for (int i = 0; i != 5; ++i)
    detector.judge(*login_batch(strangers(1000, 40 + i), 1000 * i));
  const auto counts = detector.counts();
  CAF_CHECK_LESS_OR_EQUAL(counts.users, 1024u);
  CAF_CHECK_EQUAL(counts.evictions + counts.users, 5000u);
}

CAF_TEST(equal_detectors_give_equal_verdicts) {
  BatchDetector a{small_config()};
  BatchDetector b{small_config()};
  for (int i = 0; i != 3; ++i) {
    const auto batch = login_batch(strangers(1000, 50 + i), 1000 * i);
    a.judge(*batch);
    b.judge(*batch);
  }
  const auto model = fit_on(a);
  CAF_CHECK_EQUAL(fit_on(b)->info.id, model->info.id);
  CAF_CHECK(fits_events(*model));
}

CAF_TEST(batches_without_events_are_judged_too) {
  BatchDetector detector{small_config()};
  detector.judge(*login_batch(strangers(600, 60)));
  detector.use_forest(fit_on(detector));
  CAF_CHECK(detector.judge(*login_batch({}, 600)).events.empty());
  BatchDetector second{small_config(), 1, 2};
  CAF_CHECK(second.judge(*login_batch({}, 0)).judgements.empty());
}

CAF_TEST(an_address_that_fails_at_many_users_sprays_whatever_their_shards) {
  std::vector<LoginText> logins;
  for (int i = 0; i != 200; ++i)
    logins.push_back({.user = "victim-" + std::to_string(i),
                      .at_s = noon_s + i,
                      .status = LoginStatus::failure,
                      .address = "203.0.113.7"});
  logins.push_back({.user = "victim-150",
                    .at_s = noon_s + 201,
                    .status = LoginStatus::success,
                    .address = "203.0.113.7"});
  const auto batch = login_batch(logins);
  std::vector<Finding> found;
  for (std::uint32_t number = 0; number != 3; ++number) {
    BatchDetector detector{small_config(), number, 3};
    const auto judgements = detector.judge(*batch);
    found.insert(found.end(), judgements.address_findings.begin(),
                 judgements.address_findings.end());
    CAF_CHECK_EQUAL(detector.counts().addresses,
                    judgements.address_findings.empty() ? 0u : 1u);
  }
  // From the 20th user on, or a few later where two share a bit.
  CAF_CHECK(found.size() >= 175 && found.size() <= 182);
  CAF_CHECK(found.front().severity == Severity::medium);
  CAF_CHECK(found.back().severity == Severity::high);
  CAF_CHECK_EQUAL(found.back().event, 200u);
  CAF_CHECK(found.back().text.starts_with(
    "success of an address that failed at about "));
}

CAF_TEST(a_redelivered_spray_counts_once) {
  std::vector<LoginText> logins(12);
  for (std::size_t i = 0; i != logins.size(); ++i)
    logins[i] = {.user = std::to_string(i), .status = LoginStatus::failure};
  BatchDetector detector{small_config()};
  for (int i = 0; i != 5; ++i)
    CAF_CHECK(detector.judge(*login_batch(logins)).address_findings.empty());
  CAF_CHECK_EQUAL(detector.counts().addresses, 1u);
}

CAF_TEST(addresses_without_failures_take_no_room) {
  BatchDetector detector{small_config()};
  std::vector<LoginText> logins(100);
  for (std::size_t i = 0; i != logins.size(); ++i) {
    logins[i].status = LoginStatus::success;
    logins[i].address = "10.0.0." + std::to_string(i);
  }
  detector.judge(*login_batch(logins));
  CAF_CHECK_EQUAL(detector.counts().addresses, 0u);
}

CAF_TEST(addresses_beyond_the_limit_are_forgotten) {
  auto config = small_config();
  config.max_addresses = 1024;
  BatchDetector detector{config};
  std::vector<LoginText> logins(5000);
  for (std::size_t i = 0; i != logins.size(); ++i) {
    logins[i].status = LoginStatus::failure;
    logins[i].address = "10.0." + std::to_string(i / 250) + "."
                        + std::to_string(i % 250);
  }
  detector.judge(*login_batch(logins));
  const auto counts = detector.counts();
  CAF_CHECK_LESS_OR_EQUAL(counts.addresses, 1024u);
  CAF_CHECK_EQUAL(counts.addresses + counts.address_evictions, 5000u);
}

CAF_TEST(findings_from_quiet_networks_are_told_and_not_anomalous) {
  BatchDetector detector{small_config()};
  std::vector<LoginText> logins(
    6, {.at_s = noon_s, .place = &lisbon, .device = "own"});
  logins.push_back(
    {.at_s = noon_s + 60, .place = &hartford, .device = "own", .quiet = true});
  logins.push_back({.at_s = noon_s + 120, .place = &lisbon, .device = "own"});
  const auto judgements = detector.judge(*login_batch(logins));
  CAF_CHECK(judgements.judgements[6].has(Rule::impossible_travel));
  CAF_CHECK(judgements.judgements[6].has(Rule::new_country));
  CAF_CHECK(!judgements.judgements[6].anomalous());
  // The exit of a VPN is nobody's place: the way back is none.
  CAF_CHECK_EQUAL(int{judgements.judgements[7].rules}, 0);
  CAF_REQUIRE_EQUAL(judgements.findings.size(), 2u);
  for (const auto& finding : judgements.findings) {
    CAF_CHECK(finding.severity == Severity::low);
    CAF_CHECK(finding.evidence.ends_with(R"("quiet_network":true)"));
  }
  const auto counts = detector.counts();
  CAF_CHECK_EQUAL(counts.anomalous, 0u);
  CAF_CHECK_EQUAL(counts.low[static_cast<std::size_t>(Rule::new_country)], 1u);
}
