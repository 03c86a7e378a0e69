#define CAF_SUITE validator

#include "logic/validation/validator.hpp"

#include "logic/validation/validator_fault.hpp"
#include "tests/support/record_values.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <string_view>

using namespace millrace::logic;
using namespace millrace::tests;
using namespace std::string_literals;

namespace {

const LoginEvent& only_event(const ValidatedBatchPtr& batch) {
  CAF_REQUIRE_EQUAL(batch->events.size(), 1u);
  return batch->events.front();
}

bool inside(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data()
         && part.data() + part.size() <= whole.data() + whole.size();
}

} // namespace

CAF_TEST(valid_message) {
  const auto batch = validate_one(
    R"({"user_id": "b22a51d5-0f2f", "app_version": "2.3.0", )"
    R"("ip": "25.67.253.124", "locale": "WA", "device_id": "37e8136e", )"
    R"("timestamp": 1720589697, "device_type": "iOS"})");
  const LoginEvent& event = only_event(batch);
  CAF_CHECK(batch->rejections.empty());
  CAF_CHECK_EQUAL(event.record, 0u);
  CAF_CHECK_EQUAL(event.user_id, "b22a51d5-0f2f");
  CAF_CHECK_EQUAL(event.app_version, "2.3.0");
  CAF_CHECK_EQUAL(event.device_type, "iOS");
  CAF_CHECK_EQUAL(event.locale, "WA");
  CAF_CHECK_EQUAL(event.device_id, "37e8136e");
  CAF_CHECK_EQUAL(event.ip.v4(), 0x1943FD7Cu);
  CAF_CHECK_EQUAL(event.event_time_ms, 1'720'589'697'000);
  CAF_CHECK(event.status == LoginStatus::unknown);
  const auto value = *(*batch->raw)[0].value;
  CAF_CHECK_EQUAL(event.closing_brace, value.size() - 1);
  CAF_CHECK(event.has_members);
  CAF_CHECK_EQUAL(event.cut_count, 0u);
  // Texts are views into the record, not copies.
  CAF_CHECK(inside(event.user_id, value));
  CAF_CHECK(inside(event.device_id, value));
}

CAF_TEST(invalid_message) {
  CAF_CHECK_EQUAL(outcome_of("not json at all"), "not_json");
  CAF_CHECK_EQUAL(outcome_of(R"({"user_id":"b22a51d5","app_version":"2.3.0"})"),
                  "missing_field");
  CAF_CHECK_EQUAL(detail_of(R"({"user_id":"b22a51d5","app_version":"2.3.0"})"),
                  R"(required "device_type" is absent)");
}

CAF_TEST(each_record_of_a_batch_ends_once_in_order) {
  Validator validator{{}};
  const auto batch = validator.validate(
    batch_of(
      {event_with(), std::nullopt, "[]", event_with(R"(,"locale":"WA")"), ""}),
    codec_now_ms);
  CAF_REQUIRE_EQUAL(batch->events.size(), 2u);
  CAF_CHECK_EQUAL(batch->events[0].record, 0u);
  CAF_CHECK_EQUAL(batch->events[1].record, 3u);
  CAF_CHECK_EQUAL(batch->events[1].locale, "WA");
  CAF_CHECK(batch->events[0].locale.data() == nullptr);
  CAF_REQUIRE_EQUAL(batch->rejections.size(), 3u);
  CAF_CHECK_EQUAL(batch->rejections[0].record, 1u);
  CAF_CHECK_EQUAL(to_string(batch->rejections[0].reason), "tombstone");
  CAF_CHECK_EQUAL(batch->rejections[1].record, 2u);
  CAF_CHECK_EQUAL(to_string(batch->rejections[1].reason), "not_an_object");
  CAF_CHECK_EQUAL(batch->rejections[2].record, 4u);
  CAF_CHECK_EQUAL(to_string(batch->rejections[2].reason), "empty_value");
}

CAF_TEST(a_fault_does_not_leak_into_the_next_record) {
  Validator validator{{}};
  const auto batch = validator.validate(
    batch_of({R"({"user_id":"a\u0062cdefgh","x":"\ud800"})", event_with(),
              event_with(R"(,"ip":"nowhere")"), R"({"user_id":"\u0061)",
              event_with()}),
    codec_now_ms);
  CAF_REQUIRE_EQUAL(batch->events.size(), 2u);
  CAF_CHECK_EQUAL(batch->events[0].user_id, "b22a51d5-0f2f");
  CAF_CHECK(batch->events[1].ip.family == geo::AddressFamily::none);
  CAF_CHECK(batch->unescaped.empty());
}

CAF_TEST(required_members_may_be_neither_absent_nor_null_nor_empty) {
  CAF_CHECK_EQUAL(outcome_of("{}"), "missing_field");
  CAF_CHECK_EQUAL(detail_of(R"({"user_id":"b22a51d5","app_version":null,)"
                            R"("device_type":""})"),
                  R"(required "app_version" is null or empty, )"
                  R"("device_type" is null or empty)");
  ValidationConfig lenient;
  lenient.required_fields = {};
  CAF_CHECK_EQUAL(outcome_of("{}", lenient), "event");
}

CAF_TEST(any_member_can_be_required) {
  ValidationConfig config;
  config.required_fields = {"tenant", "ip"};
  CAF_CHECK_EQUAL(outcome_of(R"({"tenant":{},"ip":"10.0.0.1"})", config),
                  "event");
  CAF_CHECK_EQUAL(outcome_of(R"({"ten\u0061nt":0,"ip":"10.0.0.1"})", config),
                  "event");
  CAF_CHECK_EQUAL(detail_of(R"({"tenant":null,"x":{"ip":"10.0.0.1"}})", config),
                  R"(required "tenant" is null or empty, "ip" is absent)");
  CAF_CHECK_EQUAL(outcome_of(R"({"tenant":1,"tenant":2})", config),
                  "duplicate_member");
}

CAF_TEST(members_of_nested_objects_are_not_ours) {
  CAF_CHECK_EQUAL(
    outcome_of(event_with(R"(,"x":{"user_id":1,"ip":[],"timestamp":"x"})")),
    "event");
  CAF_CHECK_EQUAL(outcome_of(R"({"x":{"user_id":"a"},"y":["device_type"]})"),
                  "missing_field");
}

CAF_TEST(texts_must_be_strings) {
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"locale":7)")), "wrong_type");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"locale":true)")), "wrong_type");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"locale":["WA"])")), "wrong_type");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"ip":{})")), "wrong_type");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"locale":null)")), "event");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"locale":"")")), "event");
  CAF_CHECK_EQUAL(detail_of(event_with(R"(,"locale":7)")),
                  R"("locale" must be a string, not a number "7")");
}

CAF_TEST(user_ids_are_not_empty_printable_and_bounded) {
  auto outcome = [](const std::string& id) {
    return outcome_of(R"({"app_version":"1","device_type":"x","user_id":")" + id
                      + "\"}");
  };
  CAF_CHECK_EQUAL(outcome(""), "invalid_user_id");
  CAF_CHECK_EQUAL(outcome("   "), "invalid_user_id");
  CAF_CHECK_EQUAL(outcome("a\\u0000b"), "invalid_user_id");
  CAF_CHECK_EQUAL(outcome("a\\nb"), "invalid_user_id");
  CAF_CHECK_EQUAL(outcome("a\x7F"
                          "b"),
                  "invalid_user_id");
  CAF_CHECK_EQUAL(outcome("a\xC2\x85"
                          "b"),
                  "invalid_user_id");
  CAF_CHECK_EQUAL(outcome(std::string(256, 'a')), "event");
  CAF_CHECK_EQUAL(outcome(std::string(257, 'a')), "invalid_user_id");
  CAF_CHECK_EQUAL(outcome("Zo\xC3\xAB"), "event");
}

CAF_TEST(texts_hold_no_control_characters_and_are_bounded) {
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"locale":"W\u0000A")")),
                  "invalid_text");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"locale":"W\tA")")),
                  "invalid_text");
  CAF_CHECK_EQUAL(detail_of(event_with(R"(,"locale":"W\tA")")),
                  R"("locale" holds a control character: "W\tA")");
  // Those that JSON allows unescaped, and a character that begins like one.
  CAF_CHECK_EQUAL(outcome_of(event_with(",\"locale\":\"W\x7F\"")),
                  "invalid_text");
  CAF_CHECK_EQUAL(outcome_of(event_with(",\"locale\":\"W\xC2\x85\"")),
                  "invalid_text");
  CAF_CHECK_EQUAL(outcome_of(event_with(",\"locale\":\"W\xC2\xA0\"")), "event");
  const auto long_text = std::string(1025, 'a');
  CAF_CHECK_EQUAL(outcome_of(event_with(",\"locale\":\"" + long_text + '"')),
                  "field_too_long");
  CAF_CHECK_EQUAL(outcome_of(event_with(",\"other\":\"" + long_text + '"')),
                  "event");
  // Members that are not read may hold what they like.
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"x":"a\u0000\n")")), "event");
  CAF_CHECK_EQUAL(outcome_of(event_with(",\"x\":\"\x7F\xC2\x85\"")), "event");
}

CAF_TEST(addresses_are_parsed_or_refused) {
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"ip":"2001:db8::1")")), "event");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"ip":"1\u0030.0.0.1")")), "event");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"ip":"")")), "invalid_address");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"ip":"256.0.0.1")")),
                  "invalid_address");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"ip":" 10.0.0.1")")),
                  "invalid_address");
}

CAF_TEST(details_mask_personal_values) {
  CAF_CHECK_EQUAL(masked("b22a51d5-0f2f"), R"("b2***")");
  CAF_CHECK_EQUAL(masked("short"), R"("***")");
  CAF_CHECK_EQUAL(masked("\xC3\xAB\xC3\xAB\xC3\xAB\xC3\xAB"),
                  "\"\xC3\xAB***\"");
  CAF_CHECK_EQUAL(masked_address("256.67.253.124"), R"("256.67.***")");
  CAF_CHECK_EQUAL(masked_address("2001:db8:1:2::3::4"), R"("2001:db8:***")");
  CAF_CHECK_EQUAL(masked_address("some.host.name"), R"("so***")");
  CAF_CHECK_EQUAL(detail_of(event_with(R"(,"ip":"256.67.253.124")")),
                  R"("ip" is no IP address: "256.67.***")");
  CAF_CHECK_EQUAL(detail_of(R"({"user_id":4915112345678})"),
                  R"("user_id" must be a string, not a number "49***")");
  CAF_CHECK_EQUAL(detail_of(event_with(R"(,"device_id":"37e8136e\n")")),
                  R"("device_id" holds a control character: "37***")");
}

CAF_TEST(details_stay_short_whatever_the_value) {
  const auto digits = std::string(500'000, '7');
  CAF_CHECK_EQUAL(detail_of(event_with(",\"locale\":" + digits)),
                  R"("locale" must be a string, not a number ")"
                    + std::string(64, '7') + "\" and 499936 bytes more");
  for (const auto* member : {"timestamp", "user_id", "ip", "device_id"}) {
    CAF_CHECK(
      detail_of("{\"" + std::string{member} + "\":" + digits + "}").size()
      < 200);
    CAF_CHECK(
      detail_of("{\"" + std::string{member} + "\":\"" + digits + "\"}").size()
      < 200);
  }
  CAF_CHECK_EQUAL(masked_address("4915112345678.1.2"), R"("49***")");
  CAF_CHECK_EQUAL(masked_address("2001:0db8:1"), R"("2001:0db8:***")");
  std::string control;
  for (int i = 0; i != 300; ++i)
    control += "\xC3\xAB\\u0001";
  const auto detail = detail_of(event_with(",\"locale\":\"" + control + '"'));
  CAF_CHECK(detail.size() < 400);
  CAF_CHECK(detail.find(" bytes more") != std::string::npos);
}

CAF_TEST(the_first_fault_in_the_record_is_named) {
  CAF_CHECK_EQUAL(outcome_of(R"({"ip":"x","timestamp":-1,"user_id":1})"),
                  "invalid_address");
  // But what is no JSON is no JSON.
  CAF_CHECK_EQUAL(outcome_of(R"({"ip":"x","timestamp":-1)"), "not_json");
}

CAF_TEST(the_outcome_of_a_login_is_read) {
  auto status = [](std::string_view members) {
    return only_event(validate_one(event_with(members))).status;
  };
  CAF_CHECK(status(R"(,"login_status":"success")") == LoginStatus::success);
  CAF_CHECK(status(R"(,"login_status":"FAILED")") == LoginStatus::failure);
  CAF_CHECK(status(R"(,"login_status":"maybe")") == LoginStatus::unknown);
  CAF_CHECK(status(R"(,"login_status":false)") == LoginStatus::failure);
  CAF_CHECK(status(R"(,"success":true)") == LoginStatus::success);
  CAF_CHECK(status(R"(,"success":false)") == LoginStatus::failure);
  CAF_CHECK(status(R"(,"success":null)") == LoginStatus::unknown);
  CAF_CHECK(status(R"(,"success":true,"login_status":"failure")")
            == LoginStatus::failure);
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"success":"yes")")), "wrong_type");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"login_status":1)")), "wrong_type");
}

CAF_TEST(members_that_the_output_replaces_are_remembered_as_cuts) {
  const auto value = R"({"geo":{"a":"}"},"user_id":"b22a51d5", "source" : 1 ,)"
                     R"("app_version":"1","device_type":"x","ge\u006f":2} )"s;
  const auto batch = validate_one(value);
  const LoginEvent& event = only_event(batch);
  CAF_REQUIRE_EQUAL(event.cut_count, 3u);
  auto cut = [&](std::size_t index) {
    const auto range = batch->cuts.at(event.first_cut + index);
    return value.substr(range.begin, range.end - range.begin);
  };
  CAF_CHECK_EQUAL(cut(0), R"("geo":{"a":"}"},)");
  CAF_CHECK_EQUAL(cut(1), R"(, "source" : 1)");
  CAF_CHECK_EQUAL(cut(2), R"(,"ge\u006f":2)");
  CAF_CHECK(event.has_members);
  CAF_CHECK_EQUAL(event.closing_brace, value.size() - 2);
}
