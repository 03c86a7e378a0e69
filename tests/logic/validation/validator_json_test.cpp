#define CAF_SUITE validator_json

#include "logic/validation/validator.hpp"

#include "tests/support/record_values.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace::logic;
using namespace millrace::tests;
using namespace std::string_literals;

CAF_TEST(one_document_and_nothing_else) {
  CAF_CHECK_EQUAL(outcome_of(" \t\r\n" + event_with() + " \t\r\n"), "event");
  CAF_CHECK_EQUAL(outcome_of(event_with() + "x"), "not_json");
  CAF_CHECK_EQUAL(outcome_of(event_with() + event_with()), "not_json");
  CAF_CHECK_EQUAL(detail_of(event_with() + "\n{}"),
                  "more text behind the document at byte "
                    + std::to_string(event_with().size() + 1));
  CAF_CHECK_EQUAL(outcome_of(event_with() + '\0'), "not_json");
  CAF_CHECK_EQUAL(outcome_of(event_with(",")), "not_json");
  CAF_CHECK_EQUAL(outcome_of("// x\n" + event_with()), "not_json");
  CAF_CHECK_EQUAL(detail_of(R"({"user_id":"b2)"),
                  "the document is cut short at byte 14");
  CAF_CHECK_EQUAL(detail_of(R"({"user_id":?})"), "no JSON at byte 11");
}

CAF_TEST(empty_and_blank_values_are_empty) {
  CAF_CHECK_EQUAL(outcome_of(""), "empty_value");
  CAF_CHECK_EQUAL(outcome_of(" \n\t\r"), "empty_value");
  CAF_CHECK_EQUAL(outcome_of("\xEF\xBB\xBF"), "empty_value");
}

CAF_TEST(other_json_values_are_no_object) {
  for (const auto* value : {"[]", "[{}]", "17", "-1.5e3", "\"text\"", "true",
                            "false", "null", " 0 "})
    CAF_CHECK_EQUAL(outcome_of(value), "not_an_object");
}

CAF_TEST(values_have_a_largest_size) {
  ValidationConfig config;
  config.max_value_bytes.bytes = event_with().size();
  CAF_CHECK_EQUAL(outcome_of(event_with(), config), "event");
  CAF_CHECK_EQUAL(outcome_of(event_with() + ' ', config), "too_large");
}

CAF_TEST(nesting_is_bounded) {
  auto nested = [](std::size_t levels) {
    return event_with(",\"x\":" + std::string(levels - 1, '[')
                      + std::string(levels - 1, ']'));
  };
  CAF_CHECK_EQUAL(outcome_of(nested(32)), "event");
  CAF_CHECK_EQUAL(outcome_of(nested(33)), "too_deep");
  CAF_CHECK_EQUAL(outcome_of(nested(100'000)), "too_deep");
  ValidationConfig config;
  config.max_depth = 3;
  CAF_CHECK_EQUAL(outcome_of(nested(3), config), "event");
  CAF_CHECK_EQUAL(outcome_of(nested(4), config), "too_deep");
}

CAF_TEST(invalid_utf8_is_named_wherever_it_is) {
  for (const auto* bytes : {"\xFF", "\xC0\xAF", "\xED\xA0\x80",
                            "\xF5\x80\x80"
                            "\x80",
                            "\xE2\x82", "\x80"})
    CAF_CHECK_EQUAL(outcome_of(event_with(",\"x\":\""s + bytes + "\"")),
                    "invalid_utf8");
  CAF_CHECK_EQUAL(outcome_of("\xFF\xFE{\0"s), "invalid_utf8");
  CAF_CHECK_EQUAL(outcome_of(event_with() + "\x80"), "invalid_utf8");
  CAF_CHECK_EQUAL(outcome_of(R"({"user_id":"a)"
                             "\xE2\x82"),
                  "invalid_utf8");
  CAF_CHECK_EQUAL(outcome_of("{\"\xFF\":1}"), "invalid_utf8");
  CAF_CHECK_EQUAL(detail_of("{\"a\":\"\xFF\"}"), "no UTF-8 at byte 6");
}

CAF_TEST(half_a_surrogate_pair_is_no_unicode) {
  for (const auto* text :
       {R"(\ud800)", R"(\uDBFFx)", R"(\ud800\n)", R"(\ud800\u0041)",
        R"(\udc00)", R"(\udc00\ud800)", R"(\\\ud800)"})
    CAF_CHECK_EQUAL(outcome_of(event_with(",\"x\":\""s + text + "\"")),
                    "invalid_utf8");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"x":"\ud83d\ude00")")), "event");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"x":"\\ud800")")), "event");
  // An escaped backslash before "ud800" and a fault behind: no surrogate.
  CAF_CHECK_EQUAL(outcome_of(event_with(",\"x\":\"\\\\ud800\n\"")), "not_json");
}

CAF_TEST(control_characters_must_be_escaped) {
  CAF_CHECK_EQUAL(outcome_of(event_with(",\"x\":\"a\0\""s)), "not_json");
  CAF_CHECK_EQUAL(outcome_of(event_with(",\"x\":\"a\n\"")), "not_json");
  CAF_CHECK_EQUAL(outcome_of("\0"s), "not_json");
}

CAF_TEST(escaped_names_are_names) {
  const auto batch = validate_one(R"({"user\u005fid":"a\u0062\"c\ud83d\ude00",)"
                                  R"("app_version":"\u0031",)"
                                  R"("device\u005Ftype":"x"})");
  CAF_REQUIRE_EQUAL(batch->events.size(), 1u);
  CAF_CHECK_EQUAL(batch->events[0].user_id, "ab\"c\xF0\x9F\x98\x80");
  CAF_CHECK_EQUAL(batch->events[0].app_version, "1");
  CAF_CHECK_EQUAL(batch->events[0].device_type, "x");
  CAF_CHECK_EQUAL(batch->unescaped.size(), 2u);
}

CAF_TEST(long_escaped_texts_are_put_together) {
  ValidationConfig config;
  config.max_field_bytes.bytes = 100'000;
  std::string escaped;
  std::string plain;
  for (int repeat = 0; repeat != 5000; ++repeat) {
    escaped += R"(\u00e9abc)";
    plain += "\xC3\xA9"
             "abc";
  }
  const auto batch = validate_one(
    event_with(",\"locale\":\"xy" + escaped + '"'), config);
  CAF_REQUIRE_EQUAL(batch->events.size(), 1u);
  CAF_CHECK(batch->events[0].locale == "xy" + plain);
}

CAF_TEST(unescaped_texts_stay_where_they_are_while_the_batch_grows) {
  std::vector<std::optional<std::string>> values;
  for (int index = 0; index != 500; ++index)
    values.emplace_back(
      event_with(",\"locale\":\"\\u0041" + std::to_string(index) + '"'));
  Validator validator{{}};
  const auto batch = validator.validate(batch_of(values), codec_now_ms);
  CAF_REQUIRE_EQUAL(batch->events.size(), 500u);
  CAF_CHECK_EQUAL(batch->events[0].locale, "A0");
  CAF_CHECK_EQUAL(batch->events[499].locale, "A499");
}

CAF_TEST(duplicates_of_members_that_are_read_are_refused) {
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"user_id":"b22a51d5-0f2f")")),
                  "duplicate_member");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"ip":null,"\u0069p":null)")),
                  "duplicate_member");
  CAF_CHECK_EQUAL(detail_of(event_with(R"(,"app_version":"1")")),
                  R"("app_version" occurs more than once)");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"x":1,"x":2)")), "event");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"geo":1,"geo":2)")), "event");
}

CAF_TEST(timestamps_are_whole_unix_seconds_in_either_spelling) {
  auto time = [](const std::string& timestamp) {
    const auto batch = validate_one(event_with(",\"timestamp\":" + timestamp));
    return batch->events.empty() ? -2 : batch->events[0].event_time_ms;
  };
  CAF_CHECK_EQUAL(time("1720589697"), 1'720'589'697'000);
  CAF_CHECK_EQUAL(time("\"1720589697\""), 1'720'589'697'000);
  CAF_CHECK_EQUAL(time("\"1\\u0037\""), 17'000);
  CAF_CHECK_EQUAL(time("0"), 0);
  CAF_CHECK_EQUAL(time("null"), record_time_ms);
  for (const auto* invalid :
       {"-1", "-0", "1.0", "1e9", "1E400", "1e99999999999", "\"\"", "\" 1\"",
        "\"+1\"", "\"0x10\"", "\"1720589697.5\"", "9223372036854775808",
        "18446744073709551615", "99999999999999999999999999",
        "\"99999999999999999999999999\"", "1720589697000"})
    CAF_CHECK_EQUAL(outcome_of(event_with(",\"timestamp\":"s + invalid)),
                    "invalid_timestamp");
  CAF_CHECK_EQUAL(outcome_of(event_with(",\"timestamp\":true")), "wrong_type");
  CAF_CHECK_EQUAL(outcome_of(event_with(",\"timestamp\":{}")), "wrong_type");
  CAF_CHECK_EQUAL(detail_of(event_with(",\"timestamp\":1720589697000")),
                  R"("timestamp" "1720589697000" lies too far ahead; Unix )"
                  "seconds are expected, not milliseconds");
  CAF_CHECK_EQUAL(detail_of(event_with(R"(,"timestamp":"SECRETts")")),
                  R"("timestamp" "SE***" is no whole number of Unix seconds)");
}

CAF_TEST(only_the_future_is_bounded_unless_configured) {
  const std::int64_t limit = codec_now_ms / 1000 + 24 * 3600;
  auto at = [](std::int64_t seconds) {
    return event_with(",\"timestamp\":" + std::to_string(seconds));
  };
  CAF_CHECK_EQUAL(outcome_of(at(limit)), "event");
  CAF_CHECK_EQUAL(outcome_of(at(limit + 1)), "invalid_timestamp");
  CAF_CHECK_EQUAL(outcome_of(at(1)), "event");
  ValidationConfig config;
  config.min_timestamp = 1'700'000'000;
  CAF_CHECK_EQUAL(outcome_of(at(1'700'000'000), config), "event");
  CAF_CHECK_EQUAL(outcome_of(at(1'699'999'999), config), "invalid_timestamp");
}

CAF_TEST(a_kafka_timestamp_out_of_bounds_counts_as_absent) {
  ValidationConfig config;
  Validator validator{config};
  RecordBatch::Builder builder{"t", PartitionId{0}, AssignmentEpoch{0}};
  const auto value = event_with();
  for (const std::int64_t timestamp_ms :
       {std::int64_t{-1}, codec_now_ms, codec_now_ms * 10}) {
    RecordView record;
    record.offset = Offset{static_cast<std::int64_t>(builder.size())};
    record.timestamp_ms = timestamp_ms;
    record.value = value;
    builder.append(record);
  }
  const auto batch = validator.validate(builder.finish(), codec_now_ms);
  CAF_REQUIRE_EQUAL(batch->events.size(), 3u);
  CAF_CHECK_EQUAL(batch->events[0].event_time_ms, -1);
  CAF_CHECK_EQUAL(batch->events[1].event_time_ms, codec_now_ms);
  CAF_CHECK_EQUAL(batch->events[2].event_time_ms, -1);
}
