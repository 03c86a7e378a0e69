#define CAF_SUITE stall_watch

#include "logic/intake/stall_watch.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;
using namespace std::chrono_literals;

CAF_TEST(only_lag_without_progress_for_long_is_a_stall) {
  StallWatch watch{60s};
  const PartitionId partition{0};
  StallWatch::TimePoint now{};
  CAF_CHECK(!watch.stalled(partition, Offset{5}, Offset{10}, now));
  now += 61s;
  CAF_CHECK(watch.stalled(partition, Offset{5}, Offset{10}, now));
  // A step forward ends it, and the patience starts anew.
  CAF_CHECK(!watch.stalled(partition, Offset{6}, Offset{10}, now));
  now += 59s;
  CAF_CHECK(!watch.stalled(partition, Offset{6}, Offset{10}, now));
  now += 2s;
  CAF_CHECK(watch.stalled(partition, Offset{6}, Offset{10}, now));
}

CAF_TEST(no_lag_is_no_stall_however_long) {
  StallWatch watch{60s};
  StallWatch::TimePoint now{};
  for (int minute = 0; minute != 10; ++minute, now += 60s)
    CAF_CHECK(!watch.stalled(PartitionId{0}, Offset{10}, Offset{10}, now));
  // New records after a long silence get the full patience.
  CAF_CHECK(!watch.stalled(PartitionId{0}, Offset{10}, Offset{20}, now));
  now += 30s;
  CAF_CHECK(!watch.stalled(PartitionId{0}, Offset{10}, Offset{20}, now));
}
