#define CAF_SUITE dispatch_credit

#include "logic/records/footprint.hpp"
#include "logic/recovery/dispatch_plan.hpp"

#include "tests/logic/recovery/small_batches.hpp"

#include "caf/test/dsl.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

using namespace millrace::logic;
using millrace::tests::batch_of;
using millrace::tests::nobody;
using millrace::tests::plenty;

namespace {

const std::uint64_t one_record = footprint_bytes(*batch_of(0, 1));

struct Fixture {
  DispatchPlan plan{3, nullptr, plenty};
  std::vector<Deal> deals; ///< by the last order
  std::map<std::int32_t, Offset> ends;

  void attach(std::uint32_t lane, std::uint64_t incarnation,
              std::uint64_t window_bytes) {
    plan.attach_lane({lane, Incarnation{incarnation}, window_bytes}, nobody,
                     "validator");
    take();
  }
  void detach(std::uint32_t lane, std::uint64_t incarnation) {
    plan.detach_lane(lane, Incarnation{incarnation});
    take();
  }
  /// Takes in batches of one record.
  void open(int batches, std::int32_t partition = 0) {
    std::vector<Deal> all;
    for (int count = 0; count != batches; ++count) {
      open(batch_of(next_offset(partition), 1, partition));
      all.insert(all.end(), deals.begin(), deals.end());
    }
    deals = all;
  }
  void open(const RecordBatchPtr& batch) {
    const auto partition = batch->partition().value;
    const auto end = ends.find(partition);
    CAF_REQUIRE(
      plan.open(batch, {},
                end == ends.end() ? std::nullopt : std::optional{end->second}));
    ends[partition] = batch->last_offset();
    take();
  }
  std::int64_t next_offset(std::int32_t partition) const {
    const auto end = ends.find(partition);
    return end == ends.end() ? 0 : end->second.value + 1;
  }
  void leave(const Deal& deal) {
    plan.leave_lane(deal.ticket);
    take();
  }
  void take() { deals = plan.take_orders().deals; }

  std::uint64_t used(std::uint32_t lane) const {
    for (const auto& credit : plan.lane_credits())
      if (credit.lane == lane)
        return credit.used_bytes;
    CAF_FAIL("no such lane");
    return 0;
  }
  std::vector<std::int64_t> dealt_offsets() const {
    std::vector<std::int64_t> offsets;
    for (const auto& deal : deals)
      offsets.push_back(deal.batch->first_offset().value);
    return offsets;
  }
};

using Offsets = std::vector<std::int64_t>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(dispatch_credit_tests, Fixture)

CAF_TEST(a_lane_gets_what_it_has_credit_for_and_the_rest_waits_in_order) {
  attach(0, 1, 2 * one_record);
  open(5);
  const auto first = deals;
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{0, 1}));
  CAF_CHECK_EQUAL(used(0), 2 * one_record);
  CAF_CHECK_EQUAL(plan.credit().waiting_bytes, 3 * one_record);
  leave(first[0]);
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{2}));
  leave(first[1]);
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{3}));
  CAF_CHECK_EQUAL(plan.credit().waiting_bytes, one_record);
}

CAF_TEST(what_waits_in_the_producer_does_not_count_against_the_lane) {
  attach(0, 1, 2 * one_record);
  open(1);
  const auto first = deals[0];
  leave(first);
  CAF_CHECK_EQUAL(used(0), 0u);
  CAF_CHECK_EQUAL(plan.batches(), 1u);
  CAF_CHECK_EQUAL(plan.dealt().size(), 1u);
  plan.finish(first.ticket.id);
  CAF_CHECK_EQUAL(used(0), 0u);
}

CAF_TEST(what_awaits_its_turn_in_a_lane_is_not_counted_until_that_comes) {
  attach(0, 1, 2 * one_record);
  open(3);
  const auto first = deals[0];
  const auto second = deals[1];
  plan.await_turn(second.ticket);
  take();
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{2}));
  CAF_CHECK_EQUAL(plan.turn_bytes(), one_record);
  CAF_CHECK_EQUAL(used(0), 2 * one_record);
  leave(first);
  plan.take_turn(second.ticket);
  plan.take_turn(second.ticket);
  plan.await_turn(first.ticket);
  CAF_CHECK_EQUAL(used(0), 2 * one_record);
  CAF_CHECK_EQUAL(plan.turn_bytes(), 0u);
  plan.await_turn(second.ticket);
  attach(0, 2, 2 * one_record);
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{1, 2}));
  CAF_CHECK_EQUAL(plan.turn_bytes(), 0u);
  plan.take_turn(second.ticket);
  CAF_CHECK_EQUAL(used(0), 2 * one_record);
}

CAF_TEST(what_is_delivered_frees_the_lane_though_nobody_said_that_it_left) {
  attach(0, 1, one_record);
  open(2);
  plan.finish(deals[0].ticket.id);
  take();
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{1}));
  CAF_CHECK_EQUAL(used(0), one_record);
}

CAF_TEST(reports_that_are_late_or_come_twice_change_no_credit) {
  attach(0, 1, 2 * one_record);
  open(2);
  const auto first = deals[0];
  plan.fail(first.ticket, false, {}, {});
  take();
  CAF_REQUIRE_EQUAL(deals.size(), 1u);
  const auto again = deals[0];
  leave(first);
  CAF_CHECK_EQUAL(used(0), 2 * one_record);
  leave(again);
  leave(again);
  CAF_CHECK_EQUAL(used(0), one_record);
  attach(0, 2, 2 * one_record);
  const auto second = deals.at(0);
  leave(again);
  CAF_CHECK_EQUAL(used(0), one_record);
  plan.finish(second.ticket.id);
  leave(second);
  CAF_CHECK_EQUAL(used(0), 0u);
}

CAF_TEST(a_slow_lane_gets_less_and_holds_up_no_other) {
  attach(0, 1, 3 * one_record);
  attach(1, 2, 3 * one_record);
  std::map<std::uint32_t, int> dealt;
  for (int count = 0; count != 20; ++count) {
    open(1, count % 4);
    for (const auto& deal : std::exchange(deals, {})) {
      ++dealt[deal.ticket.lane];
      if (deal.ticket.lane == 1)
        leave(deal);
    }
  }
  CAF_CHECK_EQUAL(dealt[0], 1);
  CAF_CHECK_EQUAL(dealt[1], 19);
  CAF_CHECK_EQUAL(plan.credit().waiting_bytes, 0u);
}

CAF_TEST(lanes_are_filled_in_proportion_to_what_they_grant) {
  attach(0, 1, 2 * one_record);
  attach(7, 2, 8 * one_record);
  open(5);
  CAF_CHECK_EQUAL(used(0), one_record);
  CAF_CHECK_EQUAL(used(7), 4 * one_record);
}

CAF_TEST(a_lane_without_a_window_gets_nothing_until_it_has_one) {
  attach(0, 1, 0);
  open(3);
  CAF_CHECK(deals.empty());
  attach(0, 1, 2 * one_record);
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{0, 1}));
  const auto first = deals[0];
  attach(0, 1, 0);
  CAF_CHECK(deals.empty());
  CAF_CHECK_EQUAL(used(0), 2 * one_record);
  leave(first);
  CAF_CHECK(deals.empty());
  attach(4'000'000'000, 2, plenty);
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{2}));
  CAF_CHECK_EQUAL(deals[0].ticket.lane, 4'000'000'000u);
}

CAF_TEST(a_batch_beyond_any_window_goes_alone_and_none_passes_it) {
  attach(0, 1, 2 * one_record);
  open(1);
  const auto first = deals[0];
  open(batch_of(1, 5));
  CAF_CHECK(deals.empty());
  open(1);
  CAF_CHECK(deals.empty());
  leave(first);
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{1}));
  leave(Deal{deals[0]});
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{6}));
}

CAF_TEST(what_a_lane_held_that_is_gone_is_dealt_again_and_nobody_is_to_blame) {
  attach(0, 1, plenty);
  std::uint64_t incarnation = 1;
  open(2);
  for (int round = 0; round != 20; ++round) {
    detach(0, incarnation);
    CAF_CHECK(deals.empty());
    attach(0, ++incarnation, plenty);
    CAF_REQUIRE_EQUAL(dealt_offsets(), (Offsets{0, 1}));
    CAF_CHECK(deals[0].ticket.lane_incarnation == Incarnation{incarnation});
  }
  CAF_CHECK_EQUAL(used(0), 2 * one_record);
}

CAF_TEST(news_of_a_life_that_is_over_is_ignored) {
  attach(0, 5, plenty);
  open(1);
  detach(0, 4);
  CAF_CHECK_EQUAL(used(0), one_record);
  attach(0, 4, 0);
  open(1);
  CAF_CHECK_EQUAL(deals.size(), 1u);
  detach(0, 5);
  attach(0, 5, plenty);
  CAF_CHECK(deals.empty());
  CAF_CHECK(plan.lane_credits().empty());
  attach(0, 6, plenty);
  CAF_CHECK_EQUAL(deals.size(), 2u);
}

CAF_TEST(others_take_over_what_a_lane_held_as_they_have_credit_or_must) {
  attach(0, 1, 2 * one_record);
  attach(7, 2, 4 * one_record);
  open(8);
  std::map<std::int64_t, Deal> in_lane_0;
  for (const auto& deal : std::exchange(deals, {}))
    if (deal.ticket.lane == 0)
      in_lane_0.emplace(deal.batch->first_offset().value, deal);
  CAF_REQUIRE(in_lane_0.contains(0) && in_lane_0.contains(3));
  leave(in_lane_0.at(0));
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{6}));
  detach(7, 2);
  // 3 and 6 may wait in lane 0 for 1 and 2, for the order.
  CAF_REQUIRE_EQUAL(dealt_offsets(), (Offsets{1}));
  CAF_CHECK_EQUAL(used(0), 3 * one_record);
  leave(Deal{deals[0]});
  CAF_REQUIRE_EQUAL(dealt_offsets(), (Offsets{2}));
  leave(Deal{deals[0]});
  CAF_CHECK(deals.empty());
  CAF_CHECK_EQUAL(used(0), 2 * one_record);
  leave(in_lane_0.at(3));
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{4}));
  CAF_CHECK_EQUAL(plan.credit().waiting_bytes, 2 * one_record);
}

CAF_TEST(what_two_processes_were_lost_with_stays_in_this_one) {
  const auto attach_elsewhere = [this](std::uint32_t lane) {
    plan.attach_lane({.lane = lane,
                      .incarnation = Incarnation{1},
                      .window_bytes = plenty,
                      .elsewhere = true},
                     nobody, {});
    take();
  };
  plan.attach_lane({.lane = 0,
                    .incarnation = Incarnation{1},
                    .window_bytes = plenty,
                    .reserve = true},
                   nobody, {});
  take();
  for (const std::uint32_t lane : {7, 8, 9})
    attach_elsewhere(lane);
  open(1);
  CAF_REQUIRE_EQUAL(deals.at(0).ticket.lane, 7u);
  detach(7, 1);
  CAF_REQUIRE_EQUAL(deals.at(0).ticket.lane, 8u);
  detach(8, 1);
  CAF_REQUIRE_EQUAL(deals.at(0).ticket.lane, 0u);
  // What this process held as its lane began anew is no other one's fault.
  plan.attach_lane({.lane = 0,
                    .incarnation = Incarnation{2},
                    .window_bytes = plenty,
                    .reserve = true},
                   nobody, "validator");
  take();
  CAF_CHECK_EQUAL(deals.at(0).ticket.lane, 0u);
  open(1);
  CAF_CHECK_EQUAL(deals.at(0).ticket.lane, 9u);
}

CAF_TEST(what_came_back_goes_before_what_was_never_dealt) {
  attach(0, 1, one_record);
  open(2);
  const auto first = deals[0];
  open(1, 1);
  plan.fail(first.ticket, true, "validator", "bad");
  take();
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{0}));
  CAF_CHECK_EQUAL(deals[0].ticket.attempt, 1u);
}

CAF_TEST(the_producer_is_asked_for_what_a_lost_lane_had_handed_over) {
  attach(0, 1, plenty);
  open(2);
  const auto first = deals[0];
  leave(first);
  plan.attach_lane({0, Incarnation{2}, plenty}, nobody, "encoder");
  const auto orders = plan.take_orders();
  CAF_REQUIRE_EQUAL(orders.deals.size(), 1u);
  CAF_CHECK_EQUAL(orders.deals[0].batch->first_offset().value, 1);
  CAF_REQUIRE_EQUAL(orders.checks.size(), 1u);
  CAF_CHECK(orders.checks[0].id == first.ticket.id);
  plan.fail(orders.checks[0], false, {}, {});
  take();
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{0}));
  CAF_CHECK_EQUAL(used(0), 2 * one_record);
}

CAF_TEST(a_piece_counts_as_what_it_is) {
  attach(0, 1, plenty);
  open(batch_of(0, 4));
  CAF_CHECK_EQUAL(used(0), 4 * one_record);
  for (int attempt = 0; attempt != 4; ++attempt) {
    plan.fail(Deal{deals.at(0)}.ticket, true, "validator", "bad");
    take();
  }
  CAF_REQUIRE_EQUAL(deals.size(), 1u);
  CAF_CHECK_EQUAL(deals[0].batch->size(), 2u);
  CAF_CHECK_EQUAL(used(0), 2 * one_record);
}

CAF_TEST_FIXTURE_SCOPE_END()
