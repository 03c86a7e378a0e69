#define CAF_SUITE encoder

#include "logic/encoding/encoder.hpp"

#include "tests/support/record_values.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <limits>
#include <memory>
#include <string>
#include <vector>

using namespace millrace::logic;
using namespace millrace::tests;
using namespace std::string_literals;

namespace {

/// Validates values and gives them plain origins.
EnrichedBatch enriched(const std::vector<std::optional<std::string>>& values,
                       const std::string& topic = "user-login") {
  Validator validator{{}};
  EnrichedBatch batch;
  batch.validated = validator.validate(batch_of(values, topic), codec_now_ms);
  batch.origins.resize(batch.validated->events.size());
  return batch;
}

EncodedBatchPtr encoded(const EnrichedBatch& batch,
                        const std::vector<ShardJudgementsPtr>& judgements = {},
                        EncodingConfig config = {}) {
  Encoder encoder{std::move(config)};
  return encoder.encode(batch, judgements, codec_now_ms);
}

std::string output(const EncodedBatchPtr& batch, std::size_t index = 0) {
  const EncodedRecord& record = batch->records.at(index);
  CAF_REQUIRE(!record.dead);
  return batch->bytes.substr(record.begin, record.length);
}

std::shared_ptr<ShardJudgements> judgement(std::uint32_t event,
                                           Judgement judgement) {
  auto shard = std::make_shared<ShardJudgements>();
  shard->events.push_back(event);
  shard->judgements.push_back(judgement);
  return shard;
}

/// The member `anomaly` of one event that was judged so.
std::string anomaly(const std::shared_ptr<ShardJudgements>& shard) {
  const auto json = output(encoded(enriched({event_with()}), {shard}));
  const auto parsed = boost::json::parse(json).as_object();
  const auto begin = json.find(R"("anomaly":)") + 10;
  return json.substr(begin, json.find(R"(,"source")") - begin);
}

constexpr std::string_view processed_at
  = R"("processed_at":"2025-06-15T15:06:40.000Z")";
constexpr std::string_view kafka_time
  = R"(,"event_time":"2024-07-03T09:46:40.123Z")";
constexpr std::string_view source
  = R"(,"source":{"topic":"user-login","partition":3,"offset":100})";

std::string tail() {
  return std::string{processed_at} + std::string{kafka_time}
         + std::string{source};
}

} // namespace

CAF_TEST(members_are_spliced_in_before_the_closing_brace) {
  geo::Place place;
  place.json = R"({"country":"US","city":"Seattle"})";
  auto batch = enriched({event_with(R"(,"timestamp":1720589697)")});
  batch.origins[0] = {.place = &place,
                      .user_hash = 1,
                      .address_class = geo::AddressClass::public_};
  auto shard = judgement(
    0, Judgement{.score = 0.512F, .rules = 0, .scored = true});
  shard->model_id = "forest-7";
  const auto expected = event_with(
    R"(,"timestamp":1720589697,)" + std::string{processed_at}
    + R"(,"event_time":"2024-07-10T05:34:57Z",)"
      R"("ip_class":"public",)"
      R"("geo":{"country":"US","city":"Seattle"},)"
      R"("anomaly":{"score":0.512,"anomalous":false,)"
      R"("model":"forest-7"})"
    + std::string{source});
  CAF_CHECK_EQUAL(output(encoded(batch, {shard})), expected);
}

CAF_TEST(what_is_unknown_is_left_out) {
  geo::Place nothing;
  nothing.json = "{}";
  auto batch = enriched({event_with()});
  batch.origins[0].place = &nothing;
  CAF_CHECK_EQUAL(output(encoded(batch)), event_with("," + tail()));
  auto raw = batch.validated;
  auto timeless = std::make_shared<ValidatedBatch>(*raw);
  timeless->events[0].event_time_ms = -1;
  batch.validated = timeless;
  CAF_CHECK_EQUAL(
    output(encoded(batch)),
    event_with("," + std::string{processed_at} + std::string{source}));
}

CAF_TEST(unknown_members_and_spellings_stay_byte_for_byte) {
  const auto value = " {\"user_id\":\"b2\\u0032a51d5\",\t\"app_version\" : "
                     "\"1\", \"device_type\":\"x\", \"n\":[1.50, -0, 1E+2, "
                     "123456789012345678901234567890],\"s\":\"\\/\\u00e9\","
                     "\"x\":1,\"x\":2 \n} \r\n"s;
  const auto result = output(encoded(enriched({value})));
  const auto brace = value.rfind('}');
  CAF_CHECK_EQUAL(result,
                  value.substr(0, brace) + "," + tail() + value.substr(brace));
  CAF_CHECK(boost::json::parse(result).is_object());
}

CAF_TEST(members_of_ours_are_replaced) {
  const auto fields = R"("user_id":"b22a51d5","app_version":"1",)"s
                      R"("device_type":"x")";
  auto replaced = [](const std::string& value) {
    return output(encoded(enriched({value})));
  };
  const auto expected = "{" + fields + "," + tail() + "}";
  CAF_CHECK_EQUAL(replaced(R"({"geo":1,)" + fields + "}"), expected);
  CAF_CHECK_EQUAL(replaced("{" + fields + R"(,"source":[{}]})"), expected);
  CAF_CHECK_EQUAL(replaced(R"({"geo":1,"anomaly":{"a":"}"},)" + fields
                           + R"(,"ip_class":null,"event_time":"x"})"),
                  expected);
  CAF_CHECK_EQUAL(replaced(R"({"user_id":"b22a51d5","pro\u0063essed_at":0,)"
                           R"("app_version":"1","geo":1,"geo":2,)"
                           R"("device_type":"x"})"),
                  expected);
}

CAF_TEST(an_object_of_nothing_but_ours_gets_no_comma) {
  ValidationConfig lenient;
  lenient.required_fields = {};
  for (const auto* value : {"{}", R"({"geo":1})", R"({"geo":1,"source":2})"}) {
    EnrichedBatch batch;
    batch.validated = validate_one(value, lenient);
    batch.origins.resize(1);
    CAF_CHECK_EQUAL(output(encoded(batch)), "{" + tail() + "}");
  }
}

CAF_TEST(a_byte_order_mark_is_left_out) {
  CAF_CHECK_EQUAL(output(encoded(enriched({"\xEF\xBB\xBF" + event_with()}))),
                  event_with("," + tail()));
  CAF_CHECK_EQUAL(
    output(encoded(enriched({"\xEF\xBB\xBF" + event_with(",\"geo\":1")}))),
    event_with("," + tail()));
}

CAF_TEST(an_output_read_again_gives_one_set_of_our_members) {
  const auto first = output(encoded(enriched({event_with()})));
  const auto second = output(encoded(enriched({first})));
  CAF_CHECK_EQUAL(second, first);
}

CAF_TEST(what_stages_add_stands_behind_the_judgement) {
  auto column = std::make_shared<MemberColumn>();
  column->member = OutputMember::geo; // any of ours
  column->values = {R"({"x":1})", ""};
  const auto batch = enriched({event_with(), event_with()});
  const std::vector<MemberColumnPtr> columns{column};
  CAF_CHECK(fits(batch, {}, columns));
  Encoder encoder{{}};
  const auto both = encoder.encode(batch, {}, codec_now_ms, columns);
  CAF_CHECK_NOT_EQUAL(output(both, 0).find(R"(,"geo":{"x":1},"source":)"),
                      std::string::npos);
  CAF_CHECK_EQUAL(output(both, 1).find("geo"), std::string::npos);
  auto short_one = std::make_shared<MemberColumn>(*column);
  short_one->values.pop_back();
  CAF_CHECK(!fits(batch, {}, std::vector<MemberColumnPtr>{short_one}));
}

CAF_TEST(provenance_goes_where_it_is_configured) {
  EncodingConfig config;
  config.provenance = "header";
  const auto batch = enriched({event_with()});
  CAF_CHECK_EQUAL(
    output(encoded(batch, {}, config)),
    event_with("," + std::string{processed_at} + std::string{kafka_time}));
  config.provenance = "both";
  CAF_CHECK_EQUAL(output(encoded(batch, {}, config)), event_with("," + tail()));
}

CAF_TEST(a_topic_with_quotes_is_escaped) {
  const auto json = output(
    encoded(enriched({event_with()}, "user\"login\\\n")));
  const auto parsed = boost::json::parse(json);
  CAF_CHECK(parsed.at("source").at("topic").as_string() == "user\"login\\\n");
}

CAF_TEST(every_record_ends_once_in_record_order) {
  const auto batch = encoded(
    enriched({"[]", event_with(), std::nullopt, "x", event_with(), ""}));
  CAF_REQUIRE_EQUAL(batch->records.size(), 6u);
  const char* const reasons[] = {"not_an_object", "", "tombstone",
                                 "not_json",      "", "empty_value"};
  std::uint32_t used = 0;
  for (std::uint32_t index = 0; index != 6; ++index) {
    const auto& record = batch->records[index];
    CAF_CHECK_EQUAL(record.record, index);
    CAF_CHECK_EQUAL(record.dead, *reasons[index] != '\0');
    if (record.dead) {
      CAF_CHECK_EQUAL(to_string(record.reason), reasons[index]);
      CAF_CHECK(!batch->details.at(record.detail).empty());
    } else {
      CAF_CHECK_EQUAL(record.begin, used);
      used += record.length;
    }
  }
  CAF_CHECK_EQUAL(used, batch->bytes.size());
  CAF_CHECK(output(batch, 4).find(R"("offset":104})") != std::string::npos);
}

CAF_TEST(an_output_that_is_too_large_becomes_a_dead_letter) {
  EncodingConfig config;
  const auto size = event_with("," + tail()).size();
  config.max_value_bytes.bytes = size;
  const auto values = enriched({event_with(R"(,"x":1)"), event_with()});
  const auto batch = encoded(values, {}, config);
  CAF_REQUIRE(batch->records[0].dead);
  CAF_CHECK_EQUAL(to_string(batch->records[0].reason), "output_too_large");
  CAF_CHECK_EQUAL(batch->details.at(batch->records[0].detail),
                  "the enriched value has " + std::to_string(size + 6)
                    + " bytes, the limit is " + std::to_string(size));
  // Its bytes are not sent, nor kept.
  CAF_CHECK_EQUAL(batch->bytes.size(), size);
  CAF_CHECK_EQUAL(output(batch, 1).size(), size);
}

CAF_TEST(verdicts_of_all_shards_meet_at_their_events) {
  const auto batch = enriched({event_with(), "x", event_with(), event_with()});
  auto first = judgement(1, {.score = 0.25F, .rules = 0, .scored = true});
  first->model_id = "m";
  auto second = judgement(0, {.score = 0.5F, .rules = 0, .scored = true});
  second->events.push_back(2);
  second->judgements.push_back({.score = 1.0F, .rules = 1, .scored = true});
  second->findings.push_back({.event = 2, .text = "rare", .evidence = {}});
  const auto result = encoded(batch, {first, second});
  auto anomaly_of = [&](std::size_t index) {
    return boost::json::parse(output(result, index)).at("anomaly");
  };
  CAF_CHECK(anomaly_of(0)
            == boost::json::parse(R"({"score":0.5,"anomalous":false})"));
  CAF_CHECK(
    anomaly_of(2)
    == boost::json::parse(R"({"score":0.25,"anomalous":false,"model":"m"})"));
  CAF_CHECK(
    anomaly_of(3)
    == boost::json::parse(R"({"score":1.0,"anomalous":true,)"
                          R"("rules":["isolation_forest"],"detail":"rare",)"
                          R"("findings":[{"rule":"isolation_forest",)"
                          R"("severity":"medium"}]})"));
}

CAF_TEST(rules_and_details_of_an_anomaly_are_told) {
  auto shard = judgement(0, {.score = 0.8125F, .rules = 6, .scored = true});
  shard->findings.push_back({.event = 0,
                             .rule = Rule::velocity,
                             .text = "often",
                             .evidence = R"("logins":11)"});
  shard->findings.push_back(
    {.event = 0,
     .rule = Rule::impossible_travel,
     .severity = Severity::high,
     .text = "8012 km from \"Lisbon\"",
     .evidence = R"("distance_km":8012,"from":{"country":"PT"})"});
  shard->model_id = "a\"b";
  CAF_CHECK_EQUAL(anomaly(shard),
                  R"({"score":0.813,"anomalous":true,)"
                  R"("rules":["velocity","impossible_travel"],)"
                  R"("detail":"often; 8012 km from \"Lisbon\"",)"
                  R"("findings":[{"rule":"velocity","severity":"medium",)"
                  R"("logins":11},)"
                  R"({"rule":"impossible_travel","severity":"high",)"
                  R"("distance_km":8012,"from":{"country":"PT"}}],)"
                  R"("model":"a\"b"})");
  CAF_CHECK_EQUAL(anomaly(judgement(0, {.score = 0, .rules = 8})),
                  R"({"anomalous":true,"rules":["new_device"]})");
}

CAF_TEST(what_is_only_of_low_severity_is_told_and_not_anomalous) {
  auto shard = judgement(0, {.score = 0, .rules = 8, .low_rules = 8});
  shard->findings.push_back({.event = 0,
                             .rule = Rule::new_device,
                             .severity = Severity::low,
                             .text = "new",
                             .evidence = {}});
  CAF_CHECK_EQUAL(anomaly(shard),
                  R"({"anomalous":false,"rules":["new_device"],)"
                  R"("detail":"new",)"
                  R"("findings":[{"rule":"new_device","severity":"low"}]})");
}

CAF_TEST(findings_on_an_address_come_from_any_shard) {
  const auto batch = enriched({event_with(), event_with()});
  auto first = judgement(0, {});
  auto second = judgement(1, {});
  second->address_findings.push_back({.event = 0,
                                      .rule = Rule::password_spray,
                                      .text = "many users",
                                      .evidence = {}});
  const auto result = encoded(batch, {first, second});
  CAF_CHECK(boost::json::parse(output(result, 0)).at("anomaly")
            == boost::json::parse(
              R"({"anomalous":true,"rules":["password_spray"],)"
              R"("detail":"many users","findings":)"
              R"([{"rule":"password_spray","severity":"medium"}]})"));
  CAF_CHECK(boost::json::parse(output(result, 1)).at("anomaly")
            == boost::json::parse(R"({"anomalous":false})"));
}

CAF_TEST(what_nobody_could_judge_says_so) {
  Judgement none;
  none.judged = false;
  const auto shard = judgement(0, none);
  CAF_CHECK_EQUAL(anomaly(shard), R"({"judged":false})");
  // Of the address something is known all the same.
  shard->address_findings.push_back({.event = 0,
                                     .rule = Rule::password_spray,
                                     .severity = Severity::medium,
                                     .text = "many users",
                                     .evidence = {}});
  CAF_CHECK_EQUAL(anomaly(shard),
                  R"({"judged":false,"anomalous":true,)"
                  R"("rules":["password_spray"],"detail":"many users",)"
                  R"("findings":[{"rule":"password_spray",)"
                  R"("severity":"medium"}]})");
}

CAF_TEST(scores_are_numbers_between_0_and_1) {
  auto score = [](float value) {
    const auto json = anomaly(
      judgement(0, {.score = value, .rules = 0, .scored = true}));
    return json.substr(9, 5);
  };
  CAF_CHECK_EQUAL(score(0.0F), "0.000");
  CAF_CHECK_EQUAL(score(0.0004F), "0.000");
  CAF_CHECK_EQUAL(score(0.0625F), "0.063");
  CAF_CHECK_EQUAL(score(0.9996F), "1.000");
  CAF_CHECK_EQUAL(score(2.0F), "1.000");
  CAF_CHECK_EQUAL(score(-1.0F), "0.000");
  CAF_CHECK_EQUAL(score(std::numeric_limits<float>::quiet_NaN()), "0.000");
}
