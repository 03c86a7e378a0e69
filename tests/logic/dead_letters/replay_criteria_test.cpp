#define CAF_SUITE replay_criteria

#include "logic/dead_letters/replay_criteria.hpp"

#include "tests/logic/dead_letters/dead_letter_sample.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;
using millrace::tests::SampleLetter;

namespace {

constexpr std::string_view dlq = "user-login-dlq";

std::string history_of(std::uint32_t replays) {
  std::string headers;
  append_replay_history(headers, {.replays = replays,
                                  .reason = "not_json",
                                  .source = "user-login/2/12",
                                  .time_ms = 1});
  return headers;
}

} // namespace

CAF_TEST(criteria_are_read_as_they_are_written) {
  ReplayCriteria criteria;
  CAF_CHECK_EQUAL(to_text(criteria), "cap=3");
  criteria.cap = 5;
  criteria.to = "repair";
  criteria.filter.reasons = {"not_json", "poison"};
  criteria.filter.stages = {"encoder"};
  criteria.filter.source_topics = {"user-login"};
  criteria.filter.since_ms = 1;
  criteria.filter.until_ms = 1'764'511'200'123;
  const auto text = to_text(criteria);
  CAF_CHECK_EQUAL(text, "cap=5 to=repair reason=not_json,poison stage=encoder "
                        "source=user-login since=1 until=1764511200123");
  CAF_CHECK(parse_criteria(text) == criteria);
  for (const auto* bad : {"", "to=x", "cap=", "cap=x", "cap=3 what=1",
                          "cap=3 reason", "cap=3 since=x", "cap=3  to=x"})
    if (parse_criteria(bad))
      CAF_ERROR("taken: " << bad);
}

CAF_TEST(a_dead_letter_with_its_value_is_sent) {
  SampleLetter sample;
  CAF_CHECK(judge(sample.letter(), {}, dlq) == ReplayVerdict::send);
  sample.value = "";
  CAF_CHECK(judge(sample.letter(), {}, dlq) == ReplayVerdict::send);
  CAF_CHECK_EQUAL(destination_of(sample.letter(), {}), "user-login");
  ReplayCriteria elsewhere;
  elsewhere.to = "repair";
  CAF_CHECK_EQUAL(destination_of(sample.letter(), elsewhere), "repair");
}

CAF_TEST(what_cannot_come_to_an_end_is_left) {
  SampleLetter reference;
  reference.reference = true;
  CAF_CHECK(judge(reference.letter(), {}, dlq) == ReplayVerdict::reference);
  SampleLetter tombstone;
  tombstone.value.reset();
  CAF_CHECK(judge(tombstone.letter(), {}, dlq) == ReplayVerdict::tombstone);
  SampleLetter foreign;
  foreign.by_a_node = false;
  CAF_CHECK(judge(foreign.letter(), {}, dlq) == ReplayVerdict::foreign);
  SampleLetter loop;
  loop.topic = dlq;
  CAF_CHECK(judge(loop.letter(), {}, dlq) == ReplayVerdict::own_topic);
  SampleLetter other;
  ReplayCriteria criteria;
  criteria.filter.reasons = {"poison"};
  CAF_CHECK(judge(other.letter(), criteria, dlq) == ReplayVerdict::filtered);
}

CAF_TEST(the_cap_counts_the_replays_before) {
  SampleLetter sample;
  sample.before = history_of(2);
  CAF_CHECK(judge(sample.letter(), {}, dlq) == ReplayVerdict::send);
  sample.before = history_of(3);
  CAF_CHECK(judge(sample.letter(), {}, dlq) == ReplayVerdict::over_cap);
  ReplayCriteria more;
  more.cap = 4;
  CAF_CHECK(judge(sample.letter(), more, dlq) == ReplayVerdict::send);
}

CAF_TEST(a_count_that_cannot_be_read_is_no_way_around_the_cap) {
  for (const auto* count : {"", "x", "-1", "99999999999"}) {
    SampleLetter sample;
    append_header(sample.before, header_name::replays, count);
    CAF_CHECK(judge(sample.letter(), {}, dlq) == ReplayVerdict::over_cap);
  }
}

CAF_TEST(every_verdict_has_words) {
  for (std::size_t index = 0; index != replay_verdict_count; ++index)
    CAF_CHECK(to_text(static_cast<ReplayVerdict>(index)) != "unknown");
}
