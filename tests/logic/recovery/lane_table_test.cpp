#define CAF_SUITE lane_table

#include "logic/recovery/lane_table.hpp"

#include "caf/test/dsl.hpp"

#include <vector>

using namespace millrace::logic;

namespace {

std::vector<std::uint64_t> granted(const LaneTable& table) {
  std::vector<std::uint64_t> bytes;
  for (const auto& credit : table.credits())
    bytes.push_back(credit.granted_bytes);
  return bytes;
}

using Bytes = std::vector<std::uint64_t>;

constexpr std::uint32_t here = 0;
constexpr std::uint32_t elsewhere = 1;

struct Fixture {
  LaneTable lanes{1'000'000};

  void attach(std::uint32_t lane, std::uint64_t window_bytes,
              bool reserve = false,
              std::uint64_t most_bytes = LaneLife::unlimited) {
    lanes.attach({lane, Incarnation{1}, window_bytes, most_bytes, reserve});
  }
};

} // namespace

CAF_TEST(lanes_get_what_they_grant_while_the_budget_suffices) {
  LaneTable table{100};
  table.attach({0, Incarnation{1}, 40});
  table.attach({9, Incarnation{2}, 60});
  CAF_CHECK_EQUAL(granted(table), (Bytes{40, 60}));
}

CAF_TEST(all_together_never_get_more_than_the_budget) {
  LaneTable table{100};
  table.attach({0, Incarnation{1}, 50});
  table.attach({1, Incarnation{2}, 0});
  table.attach({9, Incarnation{3}, 150});
  CAF_CHECK_EQUAL(granted(table), (Bytes{25, 0, 75}));
  CAF_CHECK_EQUAL(table.use().granted_bytes, 100u);
  CAF_CHECK(table.detach(9, Incarnation{3}));
  CAF_CHECK_EQUAL(granted(table), (Bytes{50, 0}));
}

CAF_TEST(what_is_larger_than_any_window_goes_to_an_empty_lane) {
  LaneTable table{100};
  table.attach({3, Incarnation{1}, 10});
  CAF_CHECK(table.with_credit_for(1'000) == 3u);
  table.take(3, 1);
  CAF_CHECK(!table.with_credit_for(1'000));
  CAF_CHECK(table.with_credit_for(9) == 3u);
  CAF_CHECK(table.least_used(1) == 3u);
  table.attach({3, Incarnation{1}, 0});
  CAF_CHECK(!table.with_credit_for(1));
  CAF_CHECK(!table.least_used(1));
}

CAF_TEST(a_life_that_is_over_does_not_come_back) {
  using News = LaneTable::News;
  LaneTable table{100};
  CAF_CHECK(table.attach({0, Incarnation{2}, 10}) == News::begun);
  CAF_CHECK(table.attach({0, Incarnation{2}, 20}) == News::known);
  CAF_CHECK(table.attach({0, Incarnation{1}, 30}) == News::over);
  CAF_CHECK(!table.detach(0, Incarnation{1}));
  CAF_CHECK_EQUAL(granted(table), (Bytes{20}));
  CAF_CHECK(table.detach(0, Incarnation{3}));
  CAF_CHECK(table.attach({0, Incarnation{3}, 10}) == News::over);
  CAF_CHECK(table.attach({0, Incarnation{4}, 10}) == News::begun);
}

CAF_TEST_FIXTURE_SCOPE(reserve_tests, Fixture)

CAF_TEST(a_reserve_works_while_there_is_nobody_else) {
  attach(here, 100, true);
  CAF_CHECK(lanes.with_credit_for(10) == here);
  attach(elsewhere, 50);
  CAF_CHECK(lanes.with_credit_for(10) == elsewhere);
  lanes.take(elsewhere, 50);
  CAF_CHECK(!lanes.with_credit_for(10));
  CAF_CHECK(lanes.least_used(10) == elsewhere);
  // It takes nothing more, as it is about to end.
  attach(elsewhere, 0);
  CAF_CHECK(lanes.with_credit_for(10) == here);
  attach(elsewhere, 50);
  lanes.give_back(elsewhere, 50);
  CAF_CHECK(lanes.with_credit_for(10) == elsewhere);
  lanes.detach(elsewhere, Incarnation{1});
  CAF_CHECK(lanes.with_credit_for(10) == here);
  CAF_CHECK(lanes.least_used(10) == here);
}

CAF_TEST(what_is_too_large_for_a_lane_goes_to_another) {
  attach(here, 100, true);
  attach(elsewhere, 100, false, 30);
  CAF_CHECK(lanes.with_credit_for(30) == elsewhere);
  CAF_CHECK(lanes.with_credit_for(31) == here);
  CAF_CHECK(lanes.least_used(31) == here);
  lanes.take(here, 100);
  CAF_CHECK(!lanes.with_credit_for(31));
  CAF_CHECK(lanes.with_credit_for(30) == elsewhere);
}

CAF_TEST_FIXTURE_SCOPE_END()
