#define CAF_SUITE replay_mark

#include "logic/dead_letters/replay_mark.hpp"

#include "tests/logic/dead_letters/dead_letter_sample.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;
using millrace::tests::SampleLetter;

namespace {

constexpr std::string_view dlq = "user-login-dlq";

ReplayCriteria of_reason(const std::string& reason) {
  ReplayCriteria criteria;
  criteria.filter.reasons = {reason};
  return criteria;
}

DeadLetter at(SampleLetter& sample, std::int64_t offset) {
  sample.offset = offset;
  return sample.letter();
}

} // namespace

CAF_TEST(a_mark_is_read_as_it_was_written) {
  ReplayMark mark;
  mark.set_open(true);
  mark.set_place(of_reason("not_json"), Offset{12});
  mark.set_place({}, Offset{5});
  const auto text = mark.text();
  CAF_REQUIRE(text.has_value());
  CAF_CHECK_EQUAL(*text,
                  "millrace.replay/1 open;12 cap=3 reason=not_json;5 cap=3");
  const auto read = ReplayMark::parse(*text);
  CAF_REQUIRE(read.has_value());
  CAF_CHECK(read->is_open());
  CAF_CHECK(read->place_of({}) == Offset{5});
  CAF_CHECK(read->place_of(of_reason("not_json")) == Offset{12});
  CAF_CHECK(!read->place_of(of_reason("poison")));
  for (const auto* bad :
       {"", "millrace/1 abc 0", "millrace.replay/1 half",
        "millrace.replay/1 open;x cap=3", "millrace.replay/1 open;-1 cap=3",
        "millrace.replay/1 open;1 what"})
    if (ReplayMark::parse(bad))
      CAF_ERROR("taken: " << bad);
}

CAF_TEST(a_later_filter_finds_what_an_earlier_one_passed_over) {
  ReplayMark mark;
  mark.set_place(of_reason("not_json"), Offset{100});
  SampleLetter sample; // missing_field
  CAF_CHECK(!mark.was_sent(at(sample, 7), {}, dlq));
  CAF_CHECK(!mark.place_of({}));
}

CAF_TEST(nothing_is_sent_twice_where_two_filters_mean_it) {
  ReplayMark mark;
  mark.set_place(of_reason("missing_field"), Offset{100});
  SampleLetter sample;
  CAF_CHECK(mark.was_sent(at(sample, 99), {}, dlq));
  CAF_CHECK(!mark.was_sent(at(sample, 100), {}, dlq));
}

CAF_TEST(what_an_earlier_run_left_was_not_sent) {
  ReplayMark mark;
  mark.set_place({}, Offset{100});
  SampleLetter sample;
  append_replay_history(sample.before, {.replays = 3});
  ReplayCriteria more;
  more.cap = 4;
  CAF_CHECK(!mark.was_sent(at(sample, 7), more, dlq));
}

CAF_TEST(another_destination_is_another_replay) {
  ReplayMark mark;
  ReplayCriteria trial;
  trial.to = "trial";
  mark.set_place(trial, Offset{100});
  SampleLetter sample;
  CAF_CHECK(!mark.was_sent(at(sample, 7), {}, dlq));
  CAF_CHECK(mark.was_sent(at(sample, 7), trial, dlq));
}

CAF_TEST(places_that_a_wider_one_covers_are_forgotten) {
  ReplayMark mark;
  mark.set_place(of_reason("not_json"), Offset{12});
  mark.set_place(of_reason("poison"), Offset{30});
  mark.set_place({}, Offset{20});
  CAF_CHECK(!mark.place_of(of_reason("not_json")));
  CAF_CHECK(mark.place_of(of_reason("poison")) == Offset{30});
  mark.set_place({}, Offset{30});
  CAF_CHECK_EQUAL(*mark.text(), "millrace.replay/1 ended;30 cap=3");
}

CAF_TEST(criteria_cover_those_that_are_narrower_in_each_respect) {
  ReplayCriteria wide;
  wide.filter.reasons = {"not_json", "poison"};
  wide.filter.since_ms = 100;
  wide.filter.until_ms = 200;
  const auto covers = [&](const ReplayCriteria& narrow) {
    ReplayMark mark;
    mark.set_place(narrow, Offset{5});
    mark.set_place(wide, Offset{5});
    return !mark.place_of(narrow);
  };
  auto narrow = wide;
  narrow.filter.reasons = {"poison"};
  narrow.filter.stages = {"encoder"};
  narrow.filter.since_ms = 150;
  CAF_CHECK(covers(narrow));
  auto other = narrow;
  other.filter.reasons.clear();
  CAF_CHECK(!covers(other));
  other = narrow;
  other.filter.reasons = {"poison", "tombstone"};
  CAF_CHECK(!covers(other));
  other = narrow;
  other.filter.since_ms = 99;
  CAF_CHECK(!covers(other));
  other = narrow;
  other.filter.until_ms.reset();
  CAF_CHECK(!covers(other));
  other = narrow;
  other.cap = 4;
  CAF_CHECK(!covers(other));
  other = narrow;
  other.to = "elsewhere";
  CAF_CHECK(!covers(other));
}

CAF_TEST(partitions_are_no_part_of_a_mark) {
  ReplayCriteria some;
  some.filter.partitions = {3};
  ReplayMark mark;
  mark.set_place(some, Offset{9});
  CAF_CHECK(mark.place_of({}) == Offset{9});
}

CAF_TEST(more_filters_than_kafka_keeps_are_refused) {
  ReplayMark mark;
  for (int number = 0; number != 200; ++number) {
    auto criteria = of_reason("not_json");
    criteria.filter.since_ms = number;
    criteria.filter.until_ms = 1'000 + number;
    mark.set_place(criteria, Offset{1});
  }
  const auto text = mark.text();
  CAF_REQUIRE(!text);
  CAF_CHECK(text.error().code == ErrorCode::invalid_argument);
  CAF_CHECK(text.error().text.find("--replay-group") != std::string::npos);
}
