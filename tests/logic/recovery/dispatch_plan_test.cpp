#define CAF_SUITE dispatch_plan

#include "logic/records/partition_offset.hpp"
#include "logic/recovery/dispatch_plan.hpp"

#include "tests/logic/recovery/dispatch_plan_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace millrace::logic;
using millrace::tests::batch_of;
using millrace::tests::DispatchPlanFixture;
using millrace::tests::nobody;
using millrace::tests::plenty;

namespace {

using Outcome = DispatchPlan::Outcome;

} // namespace

CAF_TEST(a_batch_is_dealt_and_settled) {
  DispatchPlanFixture f;
  f.open(10, 5);
  CAF_REQUIRE_EQUAL(f.orders.deals.size(), 1u);
  const auto deal = f.orders.deals[0];
  CAF_CHECK_EQUAL(f.plan.batches(), 1u);
  f.finish(deal.ticket);
  CAF_REQUIRE_EQUAL(f.orders.acknowledgements.size(), 1u);
  CAF_CHECK(f.orders.acknowledgements[0].next == Offset{15});
  CAF_CHECK(f.orders.acknowledgements[0].batch_first == Offset{10});
  CAF_CHECK(f.orders.advances.empty());
  CAF_CHECK_EQUAL(f.plan.batches(), 0u);
  f.finish(deal.ticket);
  CAF_CHECK(f.orders.acknowledgements.empty());
}

CAF_TEST(nothing_is_dealt_before_there_is_a_lane) {
  DispatchPlanFixture f{0};
  f.open(0, 5);
  CAF_CHECK(f.orders.deals.empty());
  f.plan.attach_lane({0, Incarnation{1}, plenty}, nobody, {});
  f.take();
  CAF_CHECK_EQUAL(f.orders.deals.size(), 1u);
}

CAF_TEST(batches_go_to_the_lane_with_the_least_to_do) {
  DispatchPlanFixture f;
  f.open(0, 5);
  const auto first = f.orders.deals[0].ticket;
  f.open(5, 5);
  CAF_CHECK_NOT_EQUAL(f.orders.deals[0].ticket.lane, first.lane);
  f.finish(first);
  f.open(10, 5);
  CAF_CHECK_EQUAL(f.orders.deals[0].ticket.lane, first.lane);
}

CAF_TEST(offsets_settle_without_a_gap) {
  DispatchPlanFixture f;
  f.open(0, 5);
  const auto first = f.orders.deals[0].ticket;
  f.open(5, 5);
  const auto second = f.orders.deals[0].ticket;
  f.finish(second);
  CAF_CHECK(!f.orders.acknowledgements.at(0).next.has_value());
  CAF_CHECK(f.orders.acknowledgements.at(0).batch_first == Offset{5});
  f.finish(first);
  CAF_CHECK(f.orders.acknowledgements.at(0).next == Offset{10});
}

CAF_TEST(a_batch_that_is_finished_in_part_moves_the_end) {
  DispatchPlanFixture f;
  f.open(10, 5);
  const auto deal = f.orders.deals[0];
  f.plan.finish_before(deal.ticket.id, Offset{12});
  f.take();
  CAF_REQUIRE_EQUAL(f.orders.acknowledgements.size(), 1u);
  CAF_CHECK(f.orders.acknowledgements[0].next == Offset{12});
  CAF_CHECK(!f.orders.acknowledgements[0].batch_first);
  CAF_CHECK_EQUAL(f.plan.batches(), 1u);
  f.plan.finish_before(BatchId{99}, Offset{13});
  f.take();
  CAF_CHECK(f.orders.acknowledgements.empty());
  f.finish(deal.ticket);
  CAF_CHECK(f.orders.acknowledgements[0].next == Offset{15});
}

CAF_TEST(a_failed_try_is_tried_again_and_late_reports_are_ignored) {
  DispatchPlanFixture f;
  f.open(0, 4);
  const auto first = f.orders.deals[0];
  CAF_CHECK(f.fail(first) == Outcome::again);
  CAF_REQUIRE_EQUAL(f.orders.deals.size(), 1u);
  CAF_CHECK_EQUAL(f.orders.deals[0].ticket.attempt, 1u);
  CAF_CHECK(f.fail(first) == Outcome::ignored);
  CAF_CHECK(f.orders.deals.empty());
}

CAF_TEST(failures_of_others_use_up_no_retries) {
  DispatchPlanFixture f;
  f.open(0, 4);
  for (int round = 0; round != 50; ++round) {
    const auto deal = f.orders.deals.at(0);
    CAF_CHECK(f.fail(deal, false) == Outcome::again);
    CAF_CHECK_EQUAL(f.orders.deals.at(0).batch->size(), 4u);
  }
}

CAF_TEST(a_new_life_of_a_lane_gets_what_its_predecessor_held) {
  DispatchPlanFixture f{1};
  f.open(0, 4);
  const auto first = f.orders.deals[0].ticket;
  f.open(4, 4);
  const auto second = f.orders.deals[0].ticket;
  f.plan.attach_lane({0, Incarnation{9}, plenty}, std::vector{second.id},
                     "enricher");
  f.take();
  CAF_REQUIRE_EQUAL(f.orders.deals.size(), 2u);
  CAF_CHECK(f.orders.deals[0].ticket.id == first.id);
  CAF_CHECK(f.orders.deals[0].ticket.lane_incarnation == Incarnation{9});
  CAF_CHECK_EQUAL(f.orders.deals[1].ticket.attempt, 1u);
}

CAF_TEST(to_hear_of_a_life_twice_changes_nothing) {
  DispatchPlanFixture f{1};
  f.open(0, 4);
  f.plan.attach_lane({0, Incarnation{1}, plenty}, nobody, {});
  f.take();
  CAF_CHECK(f.orders.deals.empty());
}

CAF_TEST(a_single_poison_record_is_buried_after_its_retries) {
  DispatchPlanFixture f;
  f.open(7, 1);
  for (int retry = 0; retry != 3; ++retry)
    CAF_CHECK(f.fail(Deal{f.orders.deals.at(0)}) == Outcome::again);
  CAF_CHECK(f.fail(Deal{f.orders.deals.at(0)}) == Outcome::dead_lettered);
  CAF_REQUIRE_EQUAL(f.orders.poisoned_records.size(), 1u);
  const auto poisoned = f.orders.poisoned_records[0];
  CAF_CHECK_EQUAL(poisoned.stage, "validator");
  CAF_CHECK_EQUAL(poisoned.error, "bad");
  CAF_CHECK_EQUAL(poisoned.tries, 4u);
  CAF_CHECK(poisoned.batch->first_offset() == Offset{7});
  f.finish(poisoned.ticket);
  CAF_CHECK(f.orders.acknowledgements.at(0).next == Offset{8});
  CAF_CHECK_EQUAL(f.orders.advances.size(), 1u);
}

CAF_TEST(a_lost_burial_is_ordered_again) {
  DispatchPlanFixture f;
  f.open(7, 1);
  for (int retry = 0; retry != 4; ++retry)
    f.fail(Deal{f.orders.deals.at(0)});
  const auto poisoned = f.orders.poisoned_records.at(0);
  CAF_REQUIRE_EQUAL(f.plan.dealt().size(), 1u);
  f.plan.fail(f.plan.dealt()[0], false, {}, {});
  f.take();
  CAF_REQUIRE_EQUAL(f.orders.poisoned_records.size(), 1u);
  CAF_CHECK(f.orders.poisoned_records[0].ticket.id == poisoned.ticket.id);
  CAF_CHECK_EQUAL(f.orders.poisoned_records[0].batch->size(), 1u);
}

CAF_TEST(halving_waits_until_everything_before_is_finished) {
  DispatchPlanFixture f;
  f.open(0, 4);
  const auto first = f.orders.deals[0];
  f.open(4, 4);
  for (int retry = 0; retry != 3; ++retry)
    f.fail(Deal{f.orders.deals.at(0)});
  CAF_CHECK(f.fail(Deal{f.orders.deals.at(0)}) == Outcome::halved);
  CAF_CHECK(f.orders.deals.empty());
  f.finish(first.ticket);
  CAF_REQUIRE_EQUAL(f.orders.deals.size(), 1u);
  CAF_CHECK_EQUAL(f.orders.deals[0].batch->size(), 2u);
  CAF_CHECK(!f.orders.deals[0].ticket.ends_sequence);
}

CAF_TEST(the_whole_that_comes_through_after_all_ends_the_halving) {
  DispatchPlanFixture f;
  f.open(0, 4);
  const auto whole = f.orders.deals[0].ticket;
  for (int retry = 0; retry != 4; ++retry)
    f.fail(Deal{f.orders.deals.at(0)});
  const auto piece = f.orders.deals.at(0).ticket;
  f.finish(whole);
  CAF_CHECK(f.orders.acknowledgements.at(0).next == Offset{4});
  f.finish(piece);
  CAF_CHECK(f.orders.acknowledgements.empty());
  CAF_CHECK_EQUAL(f.plan.batches(), 0u);
}

// As every second of an outage, when very much may be in flight: at a time that
// grows with its square the node took itself for hung (and so would this test).
CAF_TEST(very_much_may_be_asked_for_again) {
  constexpr std::int64_t count = 20'000;
  DispatchPlanFixture f;
  std::vector<RecordBatchPtr> batches;
  for (std::int64_t offset = 0; offset != count; ++offset) {
    batches.push_back(batch_of(offset, 1));
    f.plan.open(batches.back(), {}, f.end);
    f.end = Offset{offset};
  }
  f.take();
  const auto deals = f.orders.deals;
  CAF_REQUIRE_EQUAL(deals.size(), batches.size());
  for (std::size_t index = 1; index < deals.size(); index += 2)
    f.finish(deals[index].ticket);
  for (const auto& batch : batches)
    CAF_CHECK(f.plan.open(batch, {}, std::nullopt));
  f.take();
  CAF_CHECK(f.orders.deals.empty());
  CAF_CHECK_EQUAL(f.orders.acknowledgements.size(), batches.size() / 2);
}

CAF_TEST(what_is_asked_for_again_is_answered_again) {
  DispatchPlanFixture f;
  f.open(0, 4);
  const auto first = f.orders.deals[0].ticket;
  f.open(0, 4);
  CAF_CHECK(f.orders.deals.empty());
  CAF_CHECK(f.orders.acknowledgements.empty());
  f.finish(first);
  f.open(0, 4);
  CAF_REQUIRE_EQUAL(f.orders.acknowledgements.size(), 1u);
  CAF_CHECK(f.orders.acknowledgements[0].next == Offset{4});
  CAF_CHECK(f.orders.acknowledgements[0].batch_first == Offset{0});
}

CAF_TEST(a_batch_whose_predecessor_is_missing_is_not_taken_in) {
  DispatchPlanFixture f;
  CAF_CHECK(!f.plan.open(batch_of(4, 4), {}, Offset{3}));
  CAF_CHECK_EQUAL(f.plan.batches(), 0u);
  CAF_CHECK(f.plan.open(batch_of(0, 4), {}, std::nullopt));
  CAF_CHECK(!f.plan.open(batch_of(8, 4), {}, Offset{7}));
  CAF_CHECK(f.plan.open(batch_of(4, 4), {}, Offset{3}));
  CAF_CHECK(f.plan.open(batch_of(8, 4), {}, Offset{7}));
  CAF_CHECK_EQUAL(f.plan.batches(), 3u);
}

CAF_TEST(forgotten_partitions_leave_nothing_behind) {
  DispatchPlanFixture f;
  f.open(0, 4);
  const auto deal = f.orders.deals[0];
  const PartitionEpoch held{PartitionId{0}, AssignmentEpoch{1}};
  f.plan.forget(std::vector{held});
  f.take();
  CAF_CHECK_EQUAL(f.plan.batches(), 0u);
  CAF_CHECK_EQUAL(f.plan.payload_bytes(), 0u);
  f.finish(deal.ticket);
  CAF_CHECK(f.orders.acknowledgements.empty());
  CAF_CHECK(f.fail(deal) == Outcome::ignored);
}
