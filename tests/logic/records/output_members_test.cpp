#define CAF_SUITE output_members

#include "logic/records/output_members.hpp"

#include "logic/encoding/encoder.hpp"
#include "logic/encoding/encoding_config.hpp"
#include "logic/validation/validator.hpp"
#include "logic/verification/record_content.hpp"
#include "tests/support/record_values.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>

#include <string>

using namespace millrace::logic;
using namespace millrace::tests;

namespace {

constexpr std::string_view prefix = "mr_";

/// The output of an event, written and read again under that prefix.
std::string output_of(const std::string& value) {
  const OutputMembers members{prefix};
  Validator validator{{}, {}, members};
  EncodingConfig config;
  config.member_prefix = prefix;
  Encoder encoder{config};
  static geo::Place place;
  place.json = R"({"country":"US"})";
  EnrichedBatch batch;
  batch.validated = validator.validate(batch_of({value}), codec_now_ms);
  batch.origins.resize(
    batch.validated->events.size(),
    {.place = &place, .address_class = geo::AddressClass::public_});
  auto judgements = std::make_shared<ShardJudgements>();
  judgements->events = {0};
  judgements->judgements.push_back(
    {.score = 0.75F,
     .rules = static_cast<RuleBits>((1U << rule_count) - 1),
     .scored = true});
  judgements->findings.push_back({.event = 0,
                                  .rule = Rule::impossible_travel,
                                  .text = "quite \"far\" from home",
                                  .evidence = {}});
  judgements->model_id = "forest-1";
  const std::vector<ShardJudgementsPtr> judged{judgements};
  return encoder.encode(batch, judged, codec_now_ms)->bytes;
}

} // namespace

CAF_TEST(each_member_has_its_name_and_is_found_by_it) {
  const OutputMembers members;
  for (std::size_t index = 0; index != output_member_count; ++index) {
    const auto member = static_cast<OutputMember>(index);
    CAF_CHECK_EQUAL(members.name(member), output_member_names[index]);
    CAF_CHECK_EQUAL(members.lead_of(member),
                    ",\"" + std::string{name_of(member)} + "\":");
    CAF_CHECK(members.find(name_of(member)) == member);
  }
  for (const auto* other : {"", "ge", "geo_", "Geo", "user_id", "sources"})
    CAF_CHECK(!members.contains(other));
}

CAF_TEST(a_prefix_is_part_of_every_name) {
  const OutputMembers members{prefix};
  CAF_CHECK_EQUAL(members.name(OutputMember::geo), "mr_geo");
  CAF_CHECK_EQUAL(members.lead_of(OutputMember::source), ",\"mr_source\":");
  CAF_CHECK(members.find("mr_anomaly") == OutputMember::anomaly);
  CAF_CHECK(!members.contains("anomaly"));
  CAF_CHECK(!members.contains("mr_mr_anomaly"));
  CAF_CHECK(!members.contains("mr_"));
}

CAF_TEST(a_prefix_needs_no_escapes_and_is_short) {
  for (const auto* good : {"", "mr_", "@", "my.company-2.", "$X"})
    CAF_CHECK(is_member_prefix(good));
  for (const auto* bad : {" ", "a b", "\"", "\\", "\n", "\xC3\xA9", "a/"})
    CAF_CHECK(!is_member_prefix(bad));
  CAF_CHECK(is_member_prefix(std::string(32, 'a')));
  CAF_CHECK(!is_member_prefix(std::string(33, 'a')));
  EncodingConfig config;
  CAF_CHECK(check(config).empty());
  config.member_prefix = "a b";
  CAF_REQUIRE_EQUAL(check(config).size(), 1u);
  CAF_CHECK(check(config).front().text.starts_with("output.member_prefix"));
}

CAF_TEST(under_a_prefix_an_events_own_members_stay) {
  const auto own = event_with(
    R"(,"ip":"8.8.8.8","source":"app","geo":[1],"anomaly":null)");
  const auto output = output_of(own);
  CAF_CHECK(output.starts_with(own.substr(0, own.size() - 1)));
  const auto object = boost::json::parse(output).as_object();
  CAF_CHECK_EQUAL(object.at("source").as_string(), "app");
  for (const auto name : output_member_names)
    CAF_CHECK(object.contains(std::string{prefix} + std::string{name}));
  CAF_CHECK_EQUAL(
    object.at("mr_source").as_object().at("offset").to_number<int>(), 100);
  CAF_CHECK_EQUAL(
    object.at("mr_anomaly").as_object().at("rules").as_array().size(),
    rule_count);
}

CAF_TEST(an_output_that_is_read_again_gets_one_set_of_members) {
  const auto once = output_of(event_with(R"(,"ip":"8.8.8.8","geo":1)"));
  CAF_CHECK_EQUAL(output_of(once), once);
}

CAF_TEST(members_that_are_replaced_are_counted_by_event) {
  Validator validator{{}, {}, OutputMembers{prefix}};
  const auto batch = validator.validate(
    batch_of({event_with(R"(,"mr_geo":1,"mr_g\u0065o":2,"mr_source":{}})"),
              event_with(R"(,"mr_geo":1,"geo":2)"), event_with(),
              R"({"mr_geo":"no event"})",
              event_with(R"(,"mr_geo":1,"mr_geo":2,"mr_source":{})")}),
    codec_now_ms);
  const auto count = [&](OutputMember member) {
    return batch->replaced[static_cast<std::size_t>(member)];
  };
  // The first is no JSON: a brace too many.
  CAF_REQUIRE_EQUAL(batch->events.size(), 3u);
  CAF_CHECK_EQUAL(count(OutputMember::geo), 2u);
  CAF_CHECK_EQUAL(count(OutputMember::source), 1u);
  CAF_CHECK_EQUAL(count(OutputMember::anomaly), 0u);
}

CAF_TEST(the_verifier_knows_the_members_by_their_configured_names) {
  const OutputMembers members{prefix};
  const auto content = [&](std::string_view value) {
    RecordView record;
    record.value = value;
    return verification::read_content(record, members);
  };
  const auto input = event_with(R"(,"source":"app","mr_geo":0)");
  const auto output = output_of(input);
  CAF_REQUIRE(content(input).hash.has_value());
  CAF_CHECK(content(input).hash == content(output).hash);
  CAF_CHECK(content(event_with(R"(,"source":"ap")")).hash
            != content(output).hash);
  CAF_CHECK(content(output).source
            == R"({"topic":"user-login","partition":3,"offset":100})");
  CAF_CHECK(!content(output).repeats_added);
  CAF_CHECK(content(event_with(R"(,"mr_geo":1,"mr_geo":2)")).repeats_added);
  CAF_CHECK(!content(event_with(R"(,"geo":1,"geo":2)")).repeats_added);
}
