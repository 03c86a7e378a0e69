#define CAF_SUITE applied_offsets

#include "logic/detection/applied_offsets.hpp"
#include "logic/detection/random.hpp"

#include "caf/test/dsl.hpp"

#include <vector>

using namespace millrace::logic;
using namespace millrace::logic::detection;

CAF_TEST(partitions_and_topics_are_kept_apart) {
  AppliedOffsets applied;
  applied.at("a", PartitionId{0}).add(Offset{0}, Offset{9});
  CAF_CHECK(applied.at("a", PartitionId{0}).contains(Offset{9}));
  CAF_CHECK(!applied.at("a", PartitionId{0}).contains(Offset{10}));
  CAF_CHECK(!applied.at("a", PartitionId{1}).contains(Offset{5}));
  CAF_CHECK(!applied.at("b", PartitionId{0}).contains(Offset{5}));
  CAF_CHECK_EQUAL(applied.at("a", PartitionId{0}).highest(), Offset{9});
  CAF_CHECK_EQUAL(applied.at("b", PartitionId{0}).highest(), Offset{-1});
}

CAF_TEST(ranges_in_any_order_agree_with_a_plain_list) {
  Random random{81};
  for (int round = 0; round != 200; ++round) {
    AppliedOffsets applied;
    auto& partition = applied.at("t", PartitionId{3});
    std::vector<bool> expected(300);
    for (int step = 0; step != 40; ++step) {
      const auto first = random.below(280);
      const auto last = first + random.below(20);
      partition.add(Offset{static_cast<std::int64_t>(first)},
                    Offset{static_cast<std::int64_t>(last)});
      std::fill(expected.begin() + static_cast<std::ptrdiff_t>(first),
                expected.begin() + static_cast<std::ptrdiff_t>(last) + 1, true);
    }
    for (std::size_t offset = 0; offset != expected.size(); ++offset)
      CAF_REQUIRE_EQUAL(
        partition.contains(Offset{static_cast<std::int64_t>(offset)}),
        expected[offset]);
  }
}

CAF_TEST(beyond_the_limit_the_oldest_gap_counts_as_closed) {
  AppliedOffsets applied;
  auto& partition = applied.at("t", PartitionId{0});
  constexpr auto limit = static_cast<std::int64_t>(AppliedOffsets::max_ranges);
  for (std::int64_t i = 0; i != limit; ++i)
    partition.add(Offset{10 * i}, Offset{10 * i});
  CAF_CHECK(!partition.contains(Offset{5}));
  partition.add(Offset{10 * limit}, Offset{10 * limit});
  CAF_CHECK(partition.contains(Offset{5}));
  CAF_CHECK(!partition.contains(Offset{15}));
}

CAF_TEST(a_log_that_begins_anew_has_nothing_applied) {
  AppliedOffsets applied;
  for (const auto partition : {PartitionId{0}, PartitionId{1}})
    applied.at("t", partition).add(Offset{0}, Offset{9});
  applied.forget(PartitionId{0});
  CAF_CHECK(!applied.at("t", PartitionId{0}).contains(Offset{5}));
  CAF_CHECK(applied.at("t", PartitionId{1}).contains(Offset{5}));
  applied.forget({});
  CAF_CHECK(!applied.at("t", PartitionId{1}).contains(Offset{5}));
}
