#define CAF_SUITE dead_letter_filter

#include "logic/dead_letters/dead_letter_filter.hpp"

#include "tests/logic/dead_letters/dead_letter_sample.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;
using millrace::tests::SampleLetter;

CAF_TEST(an_empty_filter_means_all) {
  SampleLetter sample;
  CAF_CHECK(matches({}, sample.letter()));
  sample.by_a_node = false;
  CAF_CHECK(matches({}, sample.letter()));
}

CAF_TEST(each_criterion_lets_pass_what_it_names) {
  SampleLetter sample;
  const auto letter = sample.letter();
  DeadLetterFilter filter;
  filter.reasons = {"missing_field", "not_json"};
  filter.stages = {"validator"};
  filter.source_topics = {"user-login"};
  filter.partitions = {0, 5};
  filter.since_ms = sample.time_ms;
  filter.until_ms = sample.time_ms + 1;
  CAF_CHECK(matches(filter, letter));
  auto other = filter;
  other.reasons = {"not_json"};
  CAF_CHECK(!matches(other, letter));
  other = filter;
  other.stages = {"encoder"};
  CAF_CHECK(!matches(other, letter));
  other = filter;
  other.source_topics = {"elsewhere"};
  CAF_CHECK(!matches(other, letter));
  other = filter;
  other.partitions = {1};
  CAF_CHECK(!matches(other, letter));
  other = filter;
  other.since_ms = sample.time_ms + 1;
  CAF_CHECK(!matches(other, letter));
  other = filter;
  other.until_ms = sample.time_ms;
  CAF_CHECK(!matches(other, letter));
}

CAF_TEST(a_numbered_stage_is_of_its_kind) {
  SampleLetter sample;
  sample.stage = "encoder 3";
  DeadLetterFilter filter;
  filter.stages = {"encoder"};
  CAF_CHECK(matches(filter, sample.letter()));
}

CAF_TEST(a_record_of_somebody_else_has_no_reason_stage_or_source) {
  SampleLetter sample;
  sample.by_a_node = false;
  const auto letter = sample.letter();
  DeadLetterFilter filter;
  filter.source_topics = {"user-login"};
  CAF_CHECK(!matches(filter, letter));
  filter = {};
  filter.until_ms = sample.timestamp_ms + 1; // its own time
  CAF_CHECK(matches(filter, letter));
}

CAF_TEST(a_reason_of_a_later_version_is_read_as_it_stands) {
  SampleLetter sample;
  sample.letter();
  auto headers = sample.headers;
  append_header(headers, header_name::reason, "of_tomorrow");
  RecordView record;
  record.headers = headers;
  const auto letter = read_dead_letter(PartitionId{0}, record);
  CAF_REQUIRE(letter.note.has_value());
  CAF_CHECK_EQUAL(letter.reason(), "of_tomorrow");
  CAF_CHECK_EQUAL(letter.note->note.source.topic, "user-login");
}

CAF_TEST(unknown_names_are_refused_with_the_nearest) {
  CAF_CHECK(check_reason("not_json").has_value());
  const auto reason = check_reason("no_json");
  CAF_REQUIRE(!reason);
  CAF_CHECK_EQUAL(reason.error().text,
                  "unknown reason 'no_json' (did you mean 'not_json'?)");
  CAF_CHECK(check_stage("producer").has_value());
  CAF_CHECK(check_stage("node").has_value());
  const auto stage = check_stage("xxxxxxxx");
  CAF_REQUIRE(!stage);
  CAF_CHECK(stage.error().text.find("there are validator, ")
            != std::string::npos);
}

CAF_TEST(times_are_read_in_utc) {
  constexpr std::int64_t midnight = 1'764'460'800'000; // 2025-11-30
  CAF_CHECK_EQUAL(parse_time("2025-11-30").value_or(0), midnight);
  CAF_CHECK_EQUAL(parse_time("2025-11-30T14:00").value_or(0),
                  midnight + 14 * 3'600'000);
  CAF_CHECK_EQUAL(parse_time("2025-11-30 14:00:01Z").value_or(0),
                  midnight + 14 * 3'600'000 + 1'000);
  CAF_CHECK_EQUAL(parse_time("2025-11-30T14:00:01.123Z").value_or(0),
                  midnight + 14 * 3'600'000 + 1'123);
  CAF_CHECK_EQUAL(parse_time("1764460800000").value_or(0), midnight);
  for (const auto* text :
       {"", "2025", "2025-13-01", "2025-02-30", "2025-11-30T",
        "2025-11-30T25:00", "2025-11-30T14:00:01+01:00", "1764460800",
        "2025-11-30x", "99999999999999999999", "-025-11-30"})
    if (parse_time(text))
      CAF_ERROR("taken: " << text);
}

CAF_TEST(places_are_read_as_they_are_written) {
  SampleLetter sample;
  const auto place = parse_place(place_text(sample.letter()));
  CAF_REQUIRE(place.has_value());
  CAF_CHECK(place->partition == PartitionId{0});
  CAF_CHECK(place->offset == Offset{7});
  for (const auto* text : {"", "3", ":", "3:", ":4", "-1:4", "3:-4", "3:4:5",
                           "a:4", "99999999999:4"})
    if (parse_place(text))
      CAF_ERROR("taken: " << text);
}
