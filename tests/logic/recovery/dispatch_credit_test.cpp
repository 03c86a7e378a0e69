#define CAF_SUITE dispatch_credit

#include "logic/records/footprint.hpp"
#include "logic/recovery/dispatch_plan.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

using namespace millrace::logic;

namespace {

constexpr std::uint64_t plenty = 1ULL << 40U;
const std::vector<BatchId> nobody;

RecordBatchPtr batch_of(std::int64_t first, std::size_t count,
                        std::int32_t partition = 0) {
  RecordBatch::Builder builder{"topic", PartitionId{partition},
                               AssignmentEpoch{1}};
  for (std::size_t index = 0; index != count; ++index) {
    RecordView record;
    record.offset = Offset{first + static_cast<std::int64_t>(index)};
    record.value = "value";
    builder.append(record);
  }
  return builder.finish();
}

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
  CAF_CHECK_EQUAL(plan.waiting_bytes(), 3 * one_record);
  leave(first[0]);
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{2}));
  leave(first[1]);
  CAF_CHECK_EQUAL(dealt_offsets(), (Offsets{3}));
  CAF_CHECK_EQUAL(plan.waiting_bytes(), one_record);
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
  CAF_CHECK_EQUAL(plan.waiting_bytes(), 0u);
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

CAF_TEST(other_lanes_take_over_what_one_held_as_far_as_they_have_credit) {
  attach(0, 1, 2 * one_record);
  attach(7, 2, 4 * one_record);
  open(8);
  CAF_CHECK_EQUAL(deals.size(), 6u);
  const auto all = deals;
  detach(7, 2);
  // Those of lane 0 wait, for their order, for the oldest of them.
  CAF_REQUIRE_EQUAL(deals.size(), 1u);
  const auto oldest = deals[0];
  CAF_CHECK_EQUAL(used(0), 3 * one_record);
  leave(oldest);
  for (const auto& deal : all)
    if (deal.ticket.lane == 0)
      leave(deal);
  CAF_CHECK_EQUAL(used(0), 2 * one_record);
  CAF_CHECK_EQUAL(plan.waiting_bytes(), 3 * one_record);
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

// -- Against a model ----------------------------------------------------------

namespace {

/// What lanes hold, by nothing but what was ordered and reported.
class Model {
public:
  using Place = std::pair<std::int32_t, std::uint64_t>; ///< which batch it is

  struct Try {
    BatchTicket ticket;
    std::uint64_t bytes = 0;
    bool in_lane = true;
  };
  struct Batch {
    BatchId key;
    Try latest;
  };

  static Place place_of(const BatchTicket& ticket) {
    return {ticket.partition.value, ticket.place.sequence.value};
  }

  std::map<Place, Batch> dealt;
  std::deque<std::uint64_t> undealt; ///< bytes, in order of arrival
  std::map<std::uint32_t, LaneLife> lanes;
  std::set<Place> ended;
  std::vector<BatchTicket> past; ///< tickets of all tries, for late reports

  std::uint64_t used(std::uint32_t lane) const {
    std::uint64_t bytes = 0;
    for (const auto& [place, batch] : dealt)
      if (batch.latest.in_lane && batch.latest.ticket.lane == lane)
        bytes += batch.latest.bytes;
    return bytes;
  }
  bool admits(const LaneLife& lane, std::uint64_t bytes) const {
    const auto in_use = used(lane.lane);
    return lane.window_bytes != 0
           && (in_use == 0 || in_use + bytes <= lane.window_bytes);
  }
  bool any_admits(std::uint64_t bytes) const {
    return std::ranges::any_of(
      lanes, [&](const auto& lane) { return admits(lane.second, bytes); });
  }
  std::uint64_t undealt_bytes() const {
    std::uint64_t sum = 0;
    for (const auto bytes : undealt)
      sum += bytes;
    return sum;
  }

  void take(const DispatchOrders& orders) {
    for (const auto& deal : orders.deals) {
      const auto place = place_of(deal.ticket);
      const auto lane = lanes.find(deal.ticket.lane);
      CAF_REQUIRE(lane != lanes.end());
      CAF_REQUIRE(lane->second.window_bytes != 0);
      CAF_REQUIRE(lane->second.incarnation == deal.ticket.lane_incarnation);
      CAF_REQUIRE(!ended.contains(place));
      const auto bytes = footprint_bytes(*deal.batch);
      if (!dealt.contains(place)) {
        CAF_REQUIRE(admits(lane->second, bytes));
        CAF_REQUIRE_EQUAL(undealt.front(), bytes);
        undealt.pop_front();
        dealt[place].key = deal.ticket.id;
      }
      CAF_REQUIRE(!dealt[place].latest.in_lane
                  || dealt[place].latest.bytes == 0);
      dealt[place].latest = {deal.ticket, bytes, true};
      past.push_back(deal.ticket);
    }
    for (const auto& poisoned : orders.poisoned_records)
      dealt.at(place_of(poisoned.ticket)).latest = {poisoned.ticket, 0, false};
  }

  Batch* batch_by(BatchId id) {
    for (auto& [place, batch] : dealt)
      if (batch.key == id || batch.latest.ticket.id == id)
        return &batch;
    return nullptr;
  }

  void leave(const BatchTicket& ticket) {
    auto* const batch = batch_by(ticket.id);
    if (batch != nullptr && batch->latest.ticket.id == ticket.id
        && batch->latest.ticket.attempt == ticket.attempt)
      batch->latest.in_lane = false;
  }
  void finish(BatchId id) {
    auto* const batch = batch_by(id);
    if (batch == nullptr)
      return;
    const auto& ticket = batch->latest.ticket;
    if (id != batch->key && !ticket.ends_sequence) {
      batch->latest.in_lane = false;
      return;
    }
    const auto place = place_of(ticket);
    ended.insert(place);
    dealt.erase(place);
  }
  void lose(std::uint32_t lane) {
    for (auto& [place, batch] : dealt)
      if (batch.latest.ticket.lane == lane)
        batch.latest.in_lane = false;
  }
};

struct Run {
  std::mt19937_64 random;
  DispatchPlan plan{3, nullptr, plenty};
  Model model;
  std::map<std::int32_t, std::int64_t> ends;
  std::uint64_t incarnation = 0;

  explicit Run(std::uint64_t seed) : random(seed) {}

  std::uint64_t draw(std::uint64_t limit) { return random() % limit; }

  void take() { model.take(plan.take_orders()); }

  void attach(std::uint32_t lane, bool new_life, std::uint64_t window_bytes) {
    const auto known = model.lanes.find(lane);
    if (known == model.lanes.end() || new_life) {
      model.lanes[lane] = {lane, Incarnation{++incarnation}, window_bytes};
      model.lose(lane);
    }
    auto& life = model.lanes[lane];
    life.window_bytes = window_bytes;
    std::vector<BatchId> suspects;
    if (draw(2) == 0 && !model.past.empty())
      suspects.push_back(model.past[draw(model.past.size())].id);
    CAF_REQUIRE(plan.attach_lane(life, suspects, "validator"));
    take();
  }

  void open() {
    const auto partition = static_cast<std::int32_t>(draw(3));
    const auto count = 1 + draw(6);
    const auto found = ends.find(partition);
    const auto first = found == ends.end() ? 0 : found->second + 1;
    const auto batch = batch_of(first, count, partition);
    model.undealt.push_back(footprint_bytes(*batch));
    CAF_REQUIRE(plan.open(batch, {},
                          found == ends.end()
                            ? std::nullopt
                            : std::optional{Offset{found->second}}));
    ends[partition] = batch->last_offset().value;
    take();
  }

  /// Of any try, mostly one of late.
  std::optional<BatchTicket> some_ticket() {
    if (model.past.empty())
      return std::nullopt;
    const auto back = draw(4) == 0
                        ? model.past.size()
                        : std::min<std::size_t>(model.past.size(), 6);
    return model.past[model.past.size() - 1 - draw(back)];
  }

  void step() {
    const auto lane = static_cast<std::uint32_t>(draw(3) * 1'000'000);
    const auto ticket = some_ticket();
    switch (draw(10)) {
      case 0:
        attach(lane, draw(2) == 0, draw(8) * one_record);
        break;
      case 1:
        if (const auto found = model.lanes.find(lane);
            found != model.lanes.end()) {
          const auto life = found->second;
          model.lanes.erase(lane);
          model.lose(lane);
          CAF_REQUIRE(plan.detach_lane(lane, life.incarnation));
          take();
          CAF_REQUIRE(!plan.detach_lane(lane, life.incarnation));
          CAF_REQUIRE(!plan.attach_lane(life, nobody, {}));
        }
        break;
      case 2:
      case 3:
      case 4:
        open();
        break;
      case 5:
      case 6:
        if (ticket) {
          model.leave(*ticket);
          plan.leave_lane(*ticket);
          take();
        }
        break;
      case 7:
        if (ticket) {
          model.finish(ticket->id);
          plan.finish(ticket->id);
          take();
        }
        break;
      default:
        if (ticket) {
          model.leave(*ticket); // it holds nothing until it is dealt again
          plan.fail(*ticket, draw(3) != 0, "validator", "bad");
          take();
        }
    }
    check();
  }

  void check() const {
    const auto credits = plan.lane_credits();
    CAF_REQUIRE_EQUAL(credits.size(), model.lanes.size());
    for (const auto& credit : credits) {
      CAF_REQUIRE_EQUAL(credit.granted_bytes,
                        model.lanes.at(credit.lane).window_bytes);
      CAF_REQUIRE_EQUAL(credit.used_bytes, model.used(credit.lane));
    }
    CAF_REQUIRE_GREATER_OR_EQUAL(plan.waiting_bytes(), model.undealt_bytes());
    // With nothing older on its way, the oldest waits for nothing but credit.
    if (plan.waiting_bytes() == model.undealt_bytes() && !model.undealt.empty())
      CAF_REQUIRE(!model.any_admits(model.undealt.front()));
  }

  void forget_one() {
    const auto partition = static_cast<std::int32_t>(draw(3));
    // Which of those that wait are its, the model does not know.
    if (!model.undealt.empty())
      return;
    std::erase_if(model.dealt, [&](const auto& each) {
      return each.first.first == partition;
    });
    std::erase_if(model.ended,
                  [&](const auto& place) { return place.first == partition; });
    std::erase_if(model.past, [&](const auto& ticket) {
      return ticket.partition.value == partition;
    });
    ends.erase(partition);
    plan.forget(
      std::vector{PartitionEpoch{PartitionId{partition}, AssignmentEpoch{1}}});
    take();
    check();
  }

  /// Lets batches go on in the order of their partitions only, as the judgement
  /// router does, until nothing is left.
  void drain() {
    attach(0, false, one_record);
    attach(1'000'000, false, one_record);
    while (plan.batches() != 0) {
      std::optional<BatchTicket> next;
      std::set<std::int32_t> seen;
      for (const auto& [place, batch] : model.dealt) {
        const bool first = seen.insert(place.first).second;
        const bool dead = batch.latest.bytes == 0;
        if (first && (batch.latest.in_lane || dead || in_producer(batch)))
          next = batch.latest.ticket;
      }
      CAF_REQUIRE(next.has_value());
      model.leave(*next);
      plan.leave_lane(*next);
      take();
      model.finish(next->id);
      plan.finish(next->id);
      take();
      check();
    }
    for (const auto& credit : plan.lane_credits())
      CAF_REQUIRE_EQUAL(credit.used_bytes, 0u);
    CAF_REQUIRE_EQUAL(plan.waiting_bytes(), 0u);
    CAF_REQUIRE_EQUAL(plan.payload_bytes(), 0u);
  }

  bool in_producer(const Model::Batch& batch) const {
    return std::ranges::any_of(plan.dealt(), [&](const auto& ticket) {
      return ticket.id == batch.latest.ticket.id
             && ticket.attempt == batch.latest.ticket.attempt;
    });
  }
};

} // namespace

CAF_TEST(what_lanes_use_is_exact_whatever_happens_and_nothing_is_stuck) {
  for (std::uint64_t seed = 0; seed != 300; ++seed) {
    Run run{seed};
    for (int step = 0; step != 200; ++step) {
      run.step();
      if (run.draw(40) == 0)
        run.forget_one();
    }
    run.drain();
  }
}
