#define CAF_SUITE memory_plan

#include "logic/intake/memory_plan.hpp"

#include "caf/test/dsl.hpp"

using millrace::logic::MemoryPlan;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

} // namespace

CAF_TEST(the_shares_add_up_to_the_budget) {
  for (const std::uint64_t budget :
       {std::uint64_t{1}, std::uint64_t{3}, 16 * mib, 16 * mib + 1, 256 * mib,
        std::uint64_t{1} << 40U}) {
    const MemoryPlan plan{budget};
    CAF_CHECK_EQUAL(plan.budget_bytes(), budget);
    CAF_CHECK_EQUAL(plan.fetched_bytes() + plan.dead_letter_bytes()
                      + plan.judgement_bytes()
                      + static_cast<std::uint64_t>(plan.in_flight_bytes()),
                    budget);
  }
}

CAF_TEST(a_quarter_is_for_what_is_fetched_and_most_for_what_is_in_flight) {
  const MemoryPlan plan{256 * mib};
  CAF_CHECK_EQUAL(plan.fetched_bytes(), 64 * mib);
  CAF_CHECK_EQUAL(plan.dead_letter_bytes(), 16 * mib);
  CAF_CHECK_EQUAL(plan.in_flight_bytes(), static_cast<std::int64_t>(168 * mib));
  CAF_CHECK_EQUAL(plan.judgement_bytes(), 8 * mib);
  CAF_CHECK_EQUAL(plan.owed_rows_bytes() + plan.asked_bytes()
                    + plan.answered_bytes(),
                  plan.judgement_bytes());
  CAF_CHECK_EQUAL(MemoryPlan{}.budget_bytes(), 256 * mib);
}

CAF_TEST(a_lane_grants_three_of_the_largest_batches_where_there_is_room) {
  const MemoryPlan plan{256 * mib};
  CAF_CHECK_EQUAL(plan.lanes_bytes(), 84 * mib);
  CAF_CHECK_EQUAL(plan.lane_window_bytes(2, 2 * mib), 6 * mib);
  CAF_CHECK_EQUAL(plan.lane_window_bytes(64, 2 * mib), 84 * mib / 64);
  CAF_CHECK_EQUAL(plan.detector_window_bytes(2, mib), 3 * mib);
  CAF_CHECK_EQUAL(plan.detector_window_bytes(64, mib), 84 * mib / 64);
}

CAF_TEST(the_fetching_clients_limits_leave_room_for_its_own_needs) {
  const MemoryPlan plan{256 * mib};
  // Two such limits, each occupying three times its bytes, fill the share.
  CAF_CHECK(2 * 3 * plan.fetch_limit_bytes() <= plan.fetched_bytes());
  CAF_CHECK(2 * 3 * (plan.fetch_limit_bytes() + 1) > plan.fetched_bytes());
}

CAF_TEST(a_small_budget_still_fetches_something) {
  CAF_CHECK_EQUAL(MemoryPlan{1}.fetch_limit_bytes(), mib / 6);
  CAF_CHECK_EQUAL(MemoryPlan{4 * mib}.fetch_limit_bytes(), mib / 6);
  CAF_CHECK(MemoryPlan{8 * mib}.fetch_limit_bytes() > mib / 6);
}

CAF_TEST(the_send_queue_is_a_part_of_what_is_in_flight_but_holds_any_record) {
  const MemoryPlan plan{96 * mib};
  CAF_CHECK_EQUAL(plan.send_queue_bytes(mib), 63 * mib);
  CAF_CHECK_EQUAL(plan.send_queue_bytes(80 * mib), 81 * mib);
}
