#define CAF_SUITE source_errors

#include "adapters/kafka/source_errors.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::adapters::kafka;
using millrace::logic::Offset;

// The words are librdkafka's; tests/kafka/positions_test.cpp has them from it.
CAF_TEST(a_log_that_was_cut_off_is_told_by_the_clients_words) {
  const auto cut = to_log_cut(
    "Partition log truncation detected at offset 10 (leader epoch 3): broker "
    "end offset is 7 (offset leader epoch 2). Reset to INVALID.: Local: "
    "Partition log truncation detected (broker 1)");
  CAF_REQUIRE(cut);
  CAF_CHECK(cut->position == Offset{10});
  CAF_CHECK(cut->kept == Offset{7});
  const auto all_new = to_log_cut(
    "No epoch found less or equal to offset 10 (leader epoch 3): broker end "
    "offset is -1 (offset leader epoch -1). Reset using configured policy.: "
    "Local: Partition log truncation detected (broker 1)");
  CAF_REQUIRE(all_new);
  CAF_CHECK(all_new->position == Offset{10});
  CAF_CHECK(!all_new->kept);
}

CAF_TEST(other_reasons_for_a_reset_are_no_cut) {
  CAF_CHECK(!to_log_cut("fetch failed due to requested offset not available "
                        "on the broker: Broker: Offset out of range (broker "
                        "1)"));
  CAF_CHECK(!to_log_cut("no previously committed offset available: Local: No "
                        "offset stored"));
  CAF_CHECK(!to_log_cut(""));
}
