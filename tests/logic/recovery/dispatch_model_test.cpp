#define CAF_SUITE dispatch_model

#include "logic/records/footprint.hpp"
#include "logic/recovery/dispatch_plan.hpp"

#include "tests/logic/recovery/small_batches.hpp"

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
using millrace::tests::batch_of;
using millrace::tests::nobody;
using millrace::tests::plenty;

namespace {

const std::uint64_t one_record = footprint_bytes(*batch_of(0, 1));

/// What lanes hold, by nothing but what was ordered and reported.
class Model {
public:
  using Place = std::pair<std::int32_t, std::uint64_t>; ///< which batch it is

  struct Try {
    BatchTicket ticket;
    std::uint64_t bytes = 0;
    bool in_lane = true;
    bool awaits_turn = false; ///< there, but uncounted
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
      if (batch.latest.in_lane && !batch.latest.awaits_turn
          && batch.latest.ticket.lane == lane)
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

  Try* latest(const BatchTicket& ticket) {
    auto* const batch = batch_by(ticket.id);
    return batch != nullptr && batch->latest.ticket.id == ticket.id
               && batch->latest.ticket.attempt == ticket.attempt
             ? &batch->latest
             : nullptr;
  }
  void leave(const BatchTicket& ticket) {
    if (auto* const found = latest(ticket))
      found->in_lane = false;
  }
  void await_turn(const BatchTicket& ticket, bool awaits) {
    if (auto* const found = latest(ticket))
      found->awaits_turn = awaits;
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

  std::uint64_t partitions;

  explicit Run(std::uint64_t seed) : random(seed), partitions(1 + seed % 3) {}

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

  void detach(std::uint32_t lane) {
    const auto found = model.lanes.find(lane);
    if (found == model.lanes.end())
      return;
    const auto life = found->second;
    model.lanes.erase(found);
    model.lose(lane);
    CAF_REQUIRE(plan.detach_lane(lane, life.incarnation));
    take();
    CAF_REQUIRE(!plan.detach_lane(lane, life.incarnation));
    CAF_REQUIRE(!plan.attach_lane(life, nobody, {}));
  }

  void open() {
    const auto partition = static_cast<std::int32_t>(draw(partitions));
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
    switch (draw(12)) {
      case 0:
        attach(lane, draw(2) == 0, draw(8) * one_record);
        break;
      case 1:
        detach(lane);
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
      case 8:
        if (ticket) {
          const bool awaits = draw(2) == 0;
          model.await_turn(*ticket, awaits);
          if (awaits)
            plan.await_turn(*ticket);
          else
            plan.take_turn(*ticket);
          take();
        }
        break;
      case 9:
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
    CAF_REQUIRE_GREATER_OR_EQUAL(plan.credit().waiting_bytes,
                                 model.undealt_bytes());
    // With nothing older on its way, the oldest waits for nothing but credit.
    if (plan.credit().waiting_bytes == model.undealt_bytes()
        && !model.undealt.empty())
      CAF_REQUIRE(!model.any_admits(model.undealt.front()));
  }

  void forget_one() {
    const auto partition = static_cast<std::int32_t>(draw(partitions));
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
    detach(2'000'000);
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
    CAF_REQUIRE_EQUAL(plan.credit().waiting_bytes, 0u);
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
  for (std::uint64_t seed = 0; seed != 60; ++seed) {
    Run run{seed};
    for (int step = 0; step != 200; ++step) {
      run.step();
      if (run.draw(40) == 0)
        run.forget_one();
    }
    run.drain();
  }
}
