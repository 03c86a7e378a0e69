#include "logic/dispatch_plan.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace millrace::logic {

using Treatment = BatchCut::Treatment;

DispatchPlan::DispatchPlan(std::uint32_t retry_limit, FlightRecorder* recorder)
  : retry_limit_(retry_limit), recorder_(recorder) {}

void DispatchPlan::attach_lane(std::uint32_t lane, Incarnation incarnation,
                               std::span<const BatchId> culprits,
                               const std::string& stage) {
  if (lanes_.size() <= lane)
    lanes_.resize(lane + 1);
  const bool told_before = lanes_[lane].attached
                           && lanes_[lane].incarnation == incarnation;
  lanes_[lane].incarnation = incarnation;
  lanes_[lane].attached = true;
  if (told_before)
    return;
  std::vector<BatchId> held;
  for (const auto& [id, flight] : flights_)
    if (flight.in_lane && flight.ticket.lane == lane)
      held.push_back(id);
  for (const auto id : held) {
    const auto ticket = flights_.at(id).ticket;
    const bool guilty = std::ranges::find(culprits, ticket.id)
                        != culprits.end();
    fail(ticket, guilty, stage, "the stage died at work on it");
  }
  pump();
}

bool DispatchPlan::open(RecordBatchPtr batch, TimePoint read_at,
                        std::optional<Offset> follows) {
  auto& partition = partitions_[{batch->partition(), batch->epoch()}];
  if (partition.opened && batch->last_offset() <= *partition.opened) {
    // The consumer asks because an answer was lost.
    const bool flies = std::ranges::any_of(
      partition.flights, [&](const auto& entry) {
        return flights_.at(entry.second).intake->first == batch->first_offset();
      });
    if (!flies)
      orders_.settlements.push_back({{batch->partition(), batch->epoch()},
                                     partition.finished,
                                     batch->first_offset()});
    return true;
  }
  if (partition.opened != follows)
    return false;
  partition.opened = batch->last_offset();
  std::vector<BatchCut> cuts;
  if (recorder_ != nullptr)
    cuts = recorder_->cut(*batch);
  if (cuts.empty())
    cuts.push_back({0, batch->size(), Treatment::ordinary});
  auto intake = std::make_shared<Intake>();
  intake->first = batch->first_offset();
  intake->unfinished = cuts.size();
  for (const auto& cut : cuts)
    take_off(batch, cut, intake, read_at);
  pump();
  return true;
}

void DispatchPlan::take_off(const RecordBatchPtr& batch, const BatchCut& cut,
                            const std::shared_ptr<Intake>& intake,
                            TimePoint read_at) {
  Flight flight;
  flight.batch = cut.count == batch->size()
                   ? batch
                   : batch->slice(cut.first_index, cut.count);
  flight.intake = intake;
  flight.treatment = cut.treatment;
  flight.ticket.id = BatchId{next_id_++};
  flight.ticket.partition = batch->partition();
  flight.ticket.epoch = batch->epoch();
  flight.ticket.read_at = read_at;
  auto& partition = partitions_[held(flight)];
  const auto sequence = partition.ledger.open(flight.batch->last_offset());
  flight.ticket.place.sequence = sequence;
  partition.flights.emplace(sequence, flight.ticket.id);
  payload_bytes_ += flight.batch->payload_bytes();
  waiting_.push_back(flight.ticket.id);
  flights_.emplace(flight.ticket.id, std::move(flight));
}

void DispatchPlan::pump() {
  const bool lanes = std::ranges::any_of(lanes_, &Lane::attached);
  while (lanes && !waiting_.empty() && !alone_) {
    auto& flight = flights_.at(waiting_.front());
    const bool alone = flight.treatment == Treatment::alone;
    if (alone && dealt_ != 0)
      return;
    waiting_.pop_front();
    alone_ = alone;
    flight.dealt = true;
    ++dealt_;
    if (flight.treatment == Treatment::bury) {
      flight.stage = "node";
      flight.error = "the process died whenever it worked on this record";
      bury(flight);
      continue;
    }
    if (recorder_ != nullptr)
      recorder_->begin(flight.ticket.id, *flight.batch, alone);
    deal(flight);
  }
}

void DispatchPlan::deal(Flight& flight) {
  send_to_lane(flight, flight.batch);
}

void DispatchPlan::send_to_lane(Flight& flight, RecordBatchPtr batch) {
  const auto lane = std::ranges::min_element(lanes_, {}, &Lane::bytes);
  auto& ticket = flight.ticket;
  ticket.lane = static_cast<std::uint32_t>(lane - lanes_.begin());
  ticket.lane_incarnation = lane->incarnation;
  ticket.oldest_unfinished = flight.split ? ticket.place
                                          : oldest_unfinished(held(flight));
  flight.in_lane = true;
  lane->bytes += flight.batch->payload_bytes();
  orders_.deals.push_back({ticket, std::move(batch)});
}

void DispatchPlan::deal_again(Flight& flight) {
  leave_lane(flight);
  ++flight.ticket.attempt;
  if (flight.split)
    send_to_lane(flight,
                 flight.batch->slice(flight.piece.begin, flight.piece.size()));
  else
    deal(flight);
}

void DispatchPlan::leave_lane(Flight& flight) {
  if (std::exchange(flight.in_lane, false))
    lanes_[flight.ticket.lane].bytes -= flight.batch->payload_bytes();
}

void DispatchPlan::finish(BatchId id) {
  const auto found = find(id);
  if (found == flights_.end())
    return; // an earlier try came through as well
  auto& flight = found->second;
  if (id == found->first || flight.ahead.empty()) {
    complete(found);
    return;
  }
  ++flight.ticket.place.piece;
  leave_lane(flight);
  next_piece(flight);
}

DispatchPlan::Outcome DispatchPlan::fail(const BatchTicket& ticket, bool guilty,
                                         const std::string& stage,
                                         const std::string& error) {
  const auto found = find(ticket.id);
  if (found == flights_.end() || found->second.ticket.id != ticket.id
      || found->second.ticket.attempt != ticket.attempt)
    return Outcome::ignored; // finished or dealt again already
  auto& flight = found->second;
  if (flight.buried && !guilty) {
    bury(flight);
    return Outcome::again;
  }
  if (!flight.in_lane)
    return Outcome::ignored;
  if (!guilty) {
    deal_again(flight);
    return Outcome::again;
  }
  flight.stage = stage;
  flight.error = error;
  return strike(flight);
}

DispatchPlan::Outcome DispatchPlan::strike(Flight& flight) {
  ++flight.strikes;
  if (!flight.split && flight.strikes <= retry_limit_) {
    deal_again(flight);
    return Outcome::again;
  }
  leave_lane(flight);
  const auto range = flight.split ? flight.piece
                                  : Range{0, flight.batch->size()};
  if (range.size() == 1) {
    bury(flight);
    return Outcome::buried;
  }
  if (flight.split) {
    halve(flight, range);
    return Outcome::halved;
  }
  flight.parked = true;
  start_parked(held(flight));
  return Outcome::halved;
}

void DispatchPlan::halve(Flight& flight, Range range) {
  flight.split = true;
  const auto middle = range.begin + range.size() / 2;
  flight.ahead.push_back({middle, range.end});
  flight.ahead.push_back({range.begin, middle});
  next_piece(flight);
}

void DispatchPlan::next_piece(Flight& flight) {
  flight.buried = false;
  flight.piece = flight.ahead.back();
  flight.ahead.pop_back();
  rename(flight);
  flight.ticket.ends_sequence = flight.ahead.empty();
  ++flight.ticket.attempt;
  send_to_lane(flight,
               flight.batch->slice(flight.piece.begin, flight.piece.size()));
}

/// A name of its own, so that the whole and the pieces are told apart.
void DispatchPlan::rename(Flight& flight) {
  const auto sequence = flight.ticket.place.sequence;
  const auto key = partitions_.at(held(flight)).flights.at(sequence);
  if (flight.ticket.id != key)
    pieces_.erase(flight.ticket.id);
  flight.ticket.id = BatchId{next_id_++};
  pieces_.emplace(flight.ticket.id, key);
}

void DispatchPlan::bury(Flight& flight) {
  if (!flight.split)
    flight.piece = {0, flight.batch->size()};
  auto batch = flight.batch->slice(flight.piece.begin, flight.piece.size());
  flight.split = true;
  flight.buried = true;
  ++flight.ticket.attempt;
  // It comes by no lane, so no lane's death makes it void.
  flight.ticket.lane_incarnation = Incarnation{
    std::numeric_limits<std::uint64_t>::max()};
  flight.ticket.oldest_unfinished = oldest_unfinished(held(flight));
  orders_.burials.push_back({flight.ticket, std::move(batch), flight.stage,
                             flight.error, flight.strikes});
}

void DispatchPlan::complete(Flights::iterator found) {
  const auto held = DispatchPlan::held(found->second);
  const auto& flight = found->second;
  auto& partition = partitions_.at(held);
  const auto next = partition.ledger.finish(flight.ticket.place.sequence);
  if (next)
    partition.finished = next;
  auto& intake = *flight.intake;
  Settlement settlement{held, next, std::nullopt};
  if (--intake.unfinished == 0)
    settlement.batch_first = intake.first;
  if (settlement.next || settlement.batch_first)
    orders_.settlements.push_back(settlement);
  if (flight.split)
    orders_.passages.push_back(
      {held, {BatchSequence{flight.ticket.place.sequence.value + 1}, 0}});
  land(found, true);
  start_parked(held);
  pump();
}

void DispatchPlan::start_parked(const PartitionEpoch& held) {
  auto& partition = partitions_.at(held);
  const auto oldest = partition.flights.find(
    partition.ledger.oldest_unfinished());
  if (oldest == partition.flights.end())
    return;
  auto& flight = flights_.at(oldest->second);
  if (std::exchange(flight.parked, false))
    halve(flight, {0, flight.batch->size()});
}

void DispatchPlan::land(Flights::iterator found, bool finished) {
  auto& flight = found->second;
  leave_lane(flight);
  if (flight.dealt) {
    --dealt_;
    if (flight.treatment == Treatment::alone)
      alone_ = false;
    if (recorder_ != nullptr)
      recorder_->end(found->first, finished);
  } else {
    std::erase(waiting_, found->first);
  }
  payload_bytes_ -= flight.batch->payload_bytes();
  pieces_.erase(flight.ticket.id);
  const auto partition = partitions_.find(held(flight));
  if (partition != partitions_.end())
    partition->second.flights.erase(flight.ticket.place.sequence);
  flights_.erase(found);
}

void DispatchPlan::forget(std::span<const PartitionEpoch> partitions) {
  for (const auto& held : partitions) {
    const auto partition = partitions_.find(held);
    if (partition == partitions_.end())
      continue;
    const auto flights = partition->second.flights;
    for (const auto& [sequence, id] : flights)
      land(flights_.find(id), false);
    partitions_.erase(held);
  }
  pump();
}

void DispatchPlan::keep_only(std::span<const PartitionEpoch> partitions) {
  std::vector<PartitionEpoch> others;
  for (const auto& [held, partition] : partitions_)
    if (std::ranges::find(partitions, held) == partitions.end())
      others.push_back(held);
  forget(others);
}

void DispatchPlan::note_committed(std::span<const PartitionOffset> offsets) {
  if (recorder_ != nullptr)
    for (const auto& offset : offsets)
      recorder_->forget_before(offset.partition, offset.next);
}

std::vector<BatchTicket> DispatchPlan::dealt() const {
  std::vector<BatchTicket> tickets;
  for (const auto& [id, flight] : flights_)
    if (flight.dealt && !flight.parked)
      tickets.push_back(flight.ticket);
  return tickets;
}

BatchPlace DispatchPlan::oldest_unfinished(const PartitionEpoch& held) {
  const auto& partition = partitions_.at(held);
  const auto sequence = partition.ledger.oldest_unfinished();
  const auto oldest = partition.flights.find(sequence);
  return {sequence, oldest == partition.flights.end()
                      ? 0
                      : flights_.at(oldest->second).ticket.place.piece};
}

DispatchPlan::Flights::iterator DispatchPlan::find(BatchId id) {
  const auto piece = pieces_.find(id);
  return flights_.find(piece == pieces_.end() ? id : piece->second);
}

DispatchOrders DispatchPlan::take_orders() {
  return std::exchange(orders_, {});
}

} // namespace millrace::logic
