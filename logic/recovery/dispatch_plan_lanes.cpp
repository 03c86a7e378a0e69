#include "logic/records/footprint.hpp"
#include "logic/recovery/dispatch_plan.hpp"
#include "logic/recovery/flight_recorder.hpp"

#include <algorithm>
#include <optional>
#include <vector>

/// Which lane gets what, and when.
namespace millrace::logic {

using Treatment = BatchCut::Treatment;

// -- Lanes --------------------------------------------------------------------

bool DispatchPlan::attach_lane(const LaneLife& life,
                               std::span<const BatchId> suspects,
                               const std::string& stage) {
  const auto news = lanes_.attach(life);
  if (news == LaneTable::News::over)
    return false;
  if (news == LaneTable::News::begun)
    lose_lane(life.lane, suspects, stage);
  pump();
  return true;
}

bool DispatchPlan::detach_lane(std::uint32_t lane, Incarnation incarnation) {
  if (!lanes_.detach(lane, incarnation))
    return false;
  lose_lane(lane, {}, {});
  pump();
  return true;
}

void DispatchPlan::lose_lane(std::uint32_t lane,
                             std::span<const BatchId> suspects,
                             const std::string& stage) {
  const bool elsewhere = lanes_.is_elsewhere(lane);
  std::vector<BatchTicket> lost;
  for (auto& [key, entry] : in_flight_) {
    if (entry.ticket.lane != lane)
      continue;
    if (entry.is_with_lane()) {
      lost.push_back(entry.ticket);
      entry.lost_elsewhere += elsewhere ? 1 : 0;
    }
    // The producer may have been told to ignore the lane before it came.
    else if (entry.state == InFlightBatch::State::in_producer)
      orders_.checks.push_back(entry.ticket);
  }
  for (const auto& ticket : lost)
    fail_try(ticket, std::ranges::find(suspects, ticket.id) != suspects.end(),
             stage, "the stage died at work on it");
}

void DispatchPlan::await_turn(const BatchTicket& ticket) {
  auto* const entry = find_try(ticket);
  if (entry == nullptr || entry->state != InFlightBatch::State::in_lane)
    return;
  take_back(*entry);
  entry->state = InFlightBatch::State::awaiting_turn;
  turn_bytes_ += footprint_bytes(*entry->part);
  pump();
}

void DispatchPlan::take_turn(const BatchTicket& ticket) {
  auto* const entry = find_try(ticket);
  if (entry == nullptr || entry->state != InFlightBatch::State::awaiting_turn)
    return;
  take_back(*entry);
  entry->state = InFlightBatch::State::in_lane;
  lanes_.take(ticket.lane, footprint_bytes(*entry->part));
}

void DispatchPlan::leave_lane(const BatchTicket& ticket) {
  auto* const entry = find_try(ticket);
  if (entry == nullptr || !entry->is_with_lane())
    return;
  take_back(*entry);
  entry->state = InFlightBatch::State::in_producer;
  pump();
}

// -- Dealing ------------------------------------------------------------------

/// The oldest first. What is too large for what is left of a window is waited
/// for, or smaller ones would pass it for ever.
void DispatchPlan::pump() {
  pump_again();
  while (again_.empty() && !waiting_.empty() && !alone_) {
    auto& entry = in_flight_.at(*waiting_.begin());
    const bool alone = entry.treatment == Treatment::alone;
    if (alone && dealt_ != 0)
      return;
    const bool dead = entry.treatment == Treatment::dead_letter;
    const auto lane = lanes_.with_credit_for(footprint_bytes(*entry.part),
                                             entry.choice());
    if (!dead && !lane)
      return;
    take_back(entry);
    alone_ = alone;
    ++dealt_;
    if (dead) {
      entry.stage = "node";
      entry.error = "the process died whenever it worked on this record";
      dead_letter(entry);
      continue;
    }
    if (recorder_ != nullptr)
      recorder_->begin(entry.key, *entry.batch, alone);
    deal(entry, *lane);
  }
}

/// All credit may be with batches that wait, for their order, for one that came
/// back: that one goes beyond it.
void DispatchPlan::pump_again() {
  bool credit = true;
  for (auto next = again_.begin(); next != again_.end();) {
    auto& entry = in_flight_.at(*next++);
    const auto bytes = footprint_bytes(*entry.part);
    auto lane = credit ? lanes_.with_credit_for(bytes, entry.choice())
                       : std::nullopt;
    credit = lane.has_value();
    if (!lane && is_next_in_order(entry))
      lane = lanes_.least_used(bytes, entry.choice());
    if (!lane)
      continue;
    take_back(entry);
    deal(entry, *lane);
  }
}

/// Whether all before it in its partition are past the lanes, so that others
/// may wait there for nothing but this.
bool DispatchPlan::is_next_in_order(const InFlightBatch& entry) const {
  for (const auto& [sequence, key] : partitions_.at(held(entry)).in_flight) {
    if (key == entry.key)
      return true;
    const auto state = in_flight_.at(key).state;
    if (state != InFlightBatch::State::in_producer
        && state != InFlightBatch::State::dead_lettered)
      return false;
  }
  return false;
}

void DispatchPlan::deal(InFlightBatch& entry, std::uint32_t lane) {
  auto& ticket = entry.ticket;
  ticket.lane = lane;
  ticket.lane_incarnation = lanes_.incarnation(lane);
  ticket.oldest_unfinished = entry.piece ? ticket.place
                                         : oldest_unfinished(held(entry));
  entry.state = InFlightBatch::State::in_lane;
  lanes_.take(lane, footprint_bytes(*entry.part));
  orders_.deals.push_back({ticket, entry.part});
}

void DispatchPlan::wait(InFlightBatch& entry, InFlightBatch::State state) {
  entry.state = state;
  (state == InFlightBatch::State::waiting ? waiting_ : again_)
    .insert(entry.key);
  waiting_bytes_ += footprint_bytes(*entry.part);
}

void DispatchPlan::deal_again(InFlightBatch& entry) {
  take_back(entry);
  ++entry.ticket.attempt;
  wait(entry, InFlightBatch::State::waiting_again);
}

/// Neither a queue nor a lane is charged with it any longer; what comes next
/// the caller says.
void DispatchPlan::take_back(InFlightBatch& entry) {
  const auto bytes = footprint_bytes(*entry.part);
  if (entry.state == InFlightBatch::State::in_lane)
    lanes_.give_back(entry.ticket.lane, bytes);
  else if (entry.state == InFlightBatch::State::awaiting_turn)
    turn_bytes_ -= bytes;
  else if (waiting_.erase(entry.key) + again_.erase(entry.key) != 0)
    waiting_bytes_ -= bytes;
}

} // namespace millrace::logic
