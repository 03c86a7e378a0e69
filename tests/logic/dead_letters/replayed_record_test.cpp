#define CAF_SUITE replayed_record

#include "logic/dead_letters/replayed_record.hpp"

#include "tests/logic/dead_letters/dead_letter_sample.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;
using millrace::tests::SampleLetter;

namespace {

std::string header(std::string_view headers, std::string_view name) {
  return std::string{last_header(headers, name).value_or("(none)")};
}

std::size_t count_headers(std::string_view headers) {
  std::size_t count = 0;
  while (take_header(headers))
    ++count;
  return count;
}

} // namespace

CAF_TEST(the_original_comes_back_with_a_history) {
  SampleLetter sample;
  append_header(sample.before, "trace", "abc");
  append_header(sample.before, "trace", std::nullopt);
  append_header(sample.before, "millrace.of_somebody_else", "kept");
  const auto record = to_replayed(sample.letter());
  CAF_CHECK_EQUAL(record.key.value_or(""), *sample.key);
  CAF_CHECK_EQUAL(record.value, *sample.value);
  CAF_CHECK_EQUAL(record.timestamp_ms, sample.timestamp_ms);
  std::string expected = sample.before;
  append_replay_history(expected, {.replays = 1,
                                   .reason = "missing_field",
                                   .source = "user-login/2/229",
                                   .time_ms = sample.time_ms,
                                   .timestamp_ms = sample.timestamp_ms});
  CAF_CHECK_EQUAL(record.headers, expected);
}

CAF_TEST(a_record_that_fails_again_keeps_its_first_failure) {
  SampleLetter first;
  const auto once = to_replayed(first.letter());
  SampleLetter second;
  second.before = once.headers; // as the node carries them over
  second.reason = Reason::poison;
  second.source_offset = 900;
  second.time_ms = first.time_ms + 5'000;
  second.timestamp_ms = first.timestamp_ms + 9'000; // the broker's
  const auto twice = to_replayed(second.letter());
  CAF_CHECK_EQUAL(header(twice.headers, "millrace.replays"), "2");
  CAF_CHECK_EQUAL(header(twice.headers, "millrace.first.reason"),
                  "missing_field");
  CAF_CHECK_EQUAL(header(twice.headers, "millrace.first.source"),
                  "user-login/2/229");
  CAF_CHECK_EQUAL(header(twice.headers, "millrace.first.time"),
                  std::to_string(first.time_ms));
  CAF_CHECK_EQUAL(twice.timestamp_ms, first.timestamp_ms);
  CAF_CHECK_EQUAL(count_headers(twice.headers), count_headers(once.headers));
}

CAF_TEST(null_and_empty_keys_come_back_as_such) {
  SampleLetter sample;
  sample.key = "user-login/2/229"; // made by the node for a compacted topic
  CAF_CHECK(!to_replayed(sample.letter()).key.has_value());
  sample.key.reset();
  CAF_CHECK(!to_replayed(sample.letter()).key.has_value());
  sample.key = "";
  CAF_CHECK_EQUAL(to_replayed(sample.letter()).key.value_or("(none)"), "");
}

CAF_TEST(a_timestamp_that_the_dead_letters_refused_comes_back) {
  SampleLetter sample;
  sample.letter();
  auto headers = sample.headers;
  append_original_timestamp(headers, 42);
  RecordView record;
  record.value = "v";
  record.timestamp_ms = 1'000;
  record.headers = headers;
  CAF_CHECK_EQUAL(
    to_replayed(read_dead_letter(PartitionId{0}, record)).timestamp_ms, 42);
}

CAF_TEST(a_record_goes_back_to_its_partition) {
  SampleLetter sample;
  const auto letter = sample.letter();
  CAF_CHECK(destination_partition(letter, true, 4) == PartitionId{2});
  // That is no more: by key.
  CAF_CHECK(!destination_partition(letter, true, 2));
  CAF_CHECK(!destination_partition(letter, false, 4));
  SampleLetter keyless;
  keyless.key.reset();
  const auto without = keyless.letter();
  CAF_CHECK(destination_partition(without, true, 2) == PartitionId{0});
  CAF_CHECK(destination_partition(without, false, 4) == PartitionId{2});
}
