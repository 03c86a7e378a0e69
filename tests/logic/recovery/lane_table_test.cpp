#define CAF_SUITE lane_table

#include "logic/recovery/lane_table.hpp"

#include "caf/test/dsl.hpp"

#include <optional>

using namespace millrace::logic;

namespace {

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

CAF_TEST_FIXTURE_SCOPE(lane_table_tests, Fixture)

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
