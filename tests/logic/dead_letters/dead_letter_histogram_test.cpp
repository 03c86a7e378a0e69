#define CAF_SUITE dead_letter_histogram

#include "logic/dead_letters/dead_letter_histogram.hpp"

#include "tests/logic/dead_letters/dead_letter_sample.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;
using millrace::tests::SampleLetter;

CAF_TEST(dead_letters_are_counted_by_four_things) {
  DeadLetterHistogram histogram;
  SampleLetter sample;
  for (int count = 0; count != 3; ++count)
    histogram.add(sample.letter());
  sample.reason = Reason::poison;
  sample.stage = "encoder 1";
  sample.source_partition = 10;
  sample.time_ms += 3'600'000;
  histogram.add(sample.letter());
  CAF_CHECK_EQUAL(histogram.total(), 4u);
  CAF_CHECK_EQUAL(histogram.text(HistogramKind::reason),
                  "reason\n"
                  "  missing_field           3   75.0 %  "
                  "########################################\n"
                  "  poison                  1   25.0 %  #############\n");
  CAF_CHECK(histogram.text(HistogramKind::stage).find("  encoder  ")
            != std::string::npos);
  const auto partitions = histogram.text(HistogramKind::partition);
  CAF_CHECK(partitions.find("user-login/2 ")
            < partitions.find("user-login/10"));
  const auto hours = histogram.text(HistogramKind::hour);
  CAF_CHECK(hours.find("2025-11-30T14") < hours.find("2025-11-30T15"));
}

CAF_TEST(what_somebody_else_wrote_is_unknown) {
  DeadLetterHistogram histogram;
  SampleLetter sample;
  sample.by_a_node = false;
  sample.timestamp_ms = -1;
  histogram.add(sample.letter());
  for (const auto kind : {HistogramKind::reason, HistogramKind::stage,
                          HistogramKind::partition, HistogramKind::hour})
    CAF_CHECK(histogram.text(kind).find("unknown") != std::string::npos);
}

CAF_TEST(kinds_have_names) {
  CAF_CHECK(parse_histogram("hour") == HistogramKind::hour);
  CAF_CHECK(!parse_histogram("day"));
}
