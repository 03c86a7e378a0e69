#define CAF_SUITE dispatch_plan_poison

#include "logic/records/partition_offset.hpp"
#include "logic/recovery/dispatch_plan.hpp"
#include "logic/recovery/flight_recorder.hpp"

#include "tests/logic/recovery/dispatch_plan_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <vector>

using namespace millrace::logic;
using millrace::tests::batch_of;
using millrace::tests::DispatchPlanFixture;
using millrace::tests::nobody;
using millrace::tests::plenty;

namespace {

/// Says which offsets are to be taken alone or to the dead letters, one by one.
class ScriptedRecorder final : public FlightRecorder {
public:
  std::map<std::int64_t, BatchCut::Treatment> special;
  std::set<BatchId> flying;
  std::size_t most_flying = 0;

  std::vector<BatchCut> cut(const RecordBatch& batch) override {
    std::vector<BatchCut> cuts;
    for (std::size_t index = 0; index != batch.size(); ++index) {
      const auto found = special.find(batch[index].offset.value);
      const auto treatment = found == special.end()
                               ? BatchCut::Treatment::ordinary
                               : found->second;
      if (cuts.empty() || treatment != BatchCut::Treatment::ordinary
          || cuts.back().treatment != treatment)
        cuts.push_back({index, 1, treatment});
      else
        ++cuts.back().count;
    }
    return cuts;
  }
  void begin(BatchId id, const RecordBatch&, bool alone) override {
    CAF_CHECK(!alone || flying.empty());
    flying.insert(id);
  }
  void end(BatchId id, bool) override { flying.erase(id); }
  void forget_before(PartitionId, Offset) override {}
};

} // namespace

CAF_TEST(suspects_of_earlier_lives_fly_alone_and_the_guilty_are_dead_lettered) {
  ScriptedRecorder recorder;
  recorder.special = {{2, BatchCut::Treatment::alone},
                      {4, BatchCut::Treatment::dead_letter}};
  DispatchPlan plan{3, &recorder, plenty};
  plan.attach_lane({0, Incarnation{1}, plenty}, nobody, {});
  plan.attach_lane({1, Incarnation{2}, plenty}, nobody, {});
  plan.open(batch_of(0, 6), {}, std::nullopt);
  auto orders = plan.take_orders();
  // 0 and 1 go first; 2 waits until nothing else is in flight.
  CAF_REQUIRE_EQUAL(orders.deals.size(), 1u);
  CAF_CHECK_EQUAL(orders.deals[0].batch->size(), 2u);
  plan.finish(orders.deals[0].ticket.id);
  orders = plan.take_orders();
  CAF_REQUIRE_EQUAL(orders.deals.size(), 1u);
  CAF_CHECK(orders.deals[0].batch->first_offset() == Offset{2});
  CAF_CHECK(!orders.acknowledgements.at(0).batch_first.has_value());
  plan.finish(orders.deals[0].ticket.id);
  orders = plan.take_orders();
  CAF_CHECK_EQUAL(orders.deals.size(), 2u);
  CAF_REQUIRE_EQUAL(orders.poisoned_records.size(), 1u);
  CAF_CHECK(orders.poisoned_records[0].batch->first_offset() == Offset{4});
  plan.finish(orders.poisoned_records[0].ticket.id);
  plan.finish(orders.deals[0].ticket.id);
  plan.finish(orders.deals[1].ticket.id);
  orders = plan.take_orders();
  CAF_CHECK(orders.acknowledgements.back().batch_first == Offset{0});
  CAF_CHECK(orders.acknowledgements.back().next == Offset{6});
  CAF_CHECK(recorder.flying.empty());
}

CAF_TEST(poison_anywhere_is_found_in_order_and_in_few_passes) {
  std::mt19937_64 random{11};
  for (int round = 0; round != 400; ++round) {
    const std::size_t count = 1 + random() % 64;
    std::set<std::int64_t> poison;
    const auto planted = round % 7 == 6 ? count : random() % 5;
    while (poison.size() < std::min<std::size_t>(planted, count))
      poison.insert(static_cast<std::int64_t>(random() % count));
    DispatchPlanFixture f;
    f.open(0, count);
    std::vector<std::int64_t> ended;
    std::set<std::int64_t> dead_lettered;
    std::size_t failures = 0;
    std::size_t failures_before_halving = 0;
    while (f.plan.batches() != 0) {
      CAF_REQUIRE_EQUAL(
        f.orders.deals.size() + f.orders.poisoned_records.size(), 1u);
      if (!f.orders.poisoned_records.empty()) {
        const auto poisoned = f.orders.poisoned_records[0];
        CAF_REQUIRE_EQUAL(poisoned.batch->size(), 1u);
        dead_lettered.insert(poisoned.batch->first_offset().value);
        ended.push_back(poisoned.batch->first_offset().value);
        f.finish(poisoned.ticket);
        continue;
      }
      const auto deal = f.orders.deals[0];
      std::vector<std::int64_t> offsets;
      for (std::size_t index = 0; index != deal.batch->size(); ++index)
        offsets.push_back((*deal.batch)[index].offset.value);
      if (std::ranges::any_of(
            offsets, [&](auto offset) { return poison.contains(offset); })) {
        ++failures;
        if (deal.batch->size() == count)
          ++failures_before_halving;
        f.fail(deal);
        continue;
      }
      ended.insert(ended.end(), offsets.begin(), offsets.end());
      f.finish(deal.ticket);
    }
    CAF_REQUIRE(dead_lettered == poison);
    CAF_REQUIRE_EQUAL(ended.size(), count);
    CAF_REQUIRE(std::ranges::is_sorted(ended));
    CAF_REQUIRE(f.orders.acknowledgements.back().next
                == Offset{static_cast<std::int64_t>(count)});
    const auto depth = static_cast<std::size_t>(
      std::ceil(std::log2(static_cast<double>(count))));
    CAF_REQUIRE_LESS_OR_EQUAL(failures, 3 + poison.size() * (depth + 1));
    if (!poison.empty())
      CAF_REQUIRE_EQUAL(failures_before_halving, 4u);
  }
}
