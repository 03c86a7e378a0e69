#include "logic/recovery/dispatch_plan.hpp"
#include "logic/records/partition_offset.hpp"
#include "logic/recovery/flight_recorder.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace millrace::logic {

using Treatment = BatchCut::Treatment;

DispatchPlan::DispatchPlan(std::uint32_t retry_limit, FlightRecorder* recorder,
                           std::uint64_t lanes_bytes)
  : retry_limit_(retry_limit), recorder_(recorder), lanes_(lanes_bytes) {}

// -- Intake -------------------------------------------------------------------

bool DispatchPlan::open(RecordBatchPtr batch, TimePoint read_at,
                        std::optional<Offset> follows) {
  auto& partition = partitions_[{batch->partition(), batch->epoch()}];
  if (partition.opened && batch->last_offset() <= *partition.opened) {
    // The consumer asks because an answer was lost.
    if (!partition.ledger.any_unfinished(batch->first_offset(),
                                         batch->last_offset()))
      orders_.acknowledgements.push_back({{batch->partition(), batch->epoch()},
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
    admit(batch, cut, intake, read_at);
  pump();
  return true;
}

void DispatchPlan::admit(const RecordBatchPtr& batch, const BatchCut& cut,
                         const std::shared_ptr<Intake>& intake,
                         TimePoint read_at) {
  InFlightBatch entry;
  entry.batch = cut.count == batch->size()
                  ? batch
                  : batch->slice(cut.first_index, cut.count);
  entry.intake = intake;
  entry.treatment = cut.treatment;
  entry.part = entry.batch;
  entry.key = BatchId{next_id_++};
  entry.ticket.id = entry.key;
  entry.ticket.partition = batch->partition();
  entry.ticket.epoch = batch->epoch();
  entry.ticket.read_at = read_at;
  auto& partition = partitions_[held(entry)];
  const auto sequence = partition.ledger.open(entry.batch->last_offset());
  entry.ticket.place.sequence = sequence;
  partition.in_flight.emplace(sequence, entry.ticket.id);
  payload_bytes_ += entry.batch->payload_bytes();
  wait(entry, InFlightBatch::State::waiting);
  in_flight_.emplace(entry.key, std::move(entry));
}

// -- What became of it --------------------------------------------------------

void DispatchPlan::finish(BatchId id) {
  const auto found = find(id);
  if (found == in_flight_.end())
    return; // an earlier try came through as well
  auto& entry = found->second;
  if (id == found->first || entry.pieces_ahead.empty()) {
    complete(found);
    return;
  }
  ++entry.ticket.place.piece;
  take_back(entry);
  next_piece(entry);
  pump();
}

void DispatchPlan::finish_before(BatchId id, Offset next) {
  const auto found = find(id);
  if (found == in_flight_.end() || found->second.ticket.id != id)
    return; // of an earlier try, or late
  const auto held = DispatchPlan::held(found->second);
  auto& partition = partitions_.at(held);
  // Pieces go one after the other: what is before this one is finished.
  const auto moved = partition.ledger.advance(
    found->second.ticket.place.sequence, next);
  if (!moved)
    return;
  partition.finished = moved;
  orders_.acknowledgements.push_back({held, moved, std::nullopt});
}

DispatchPlan::Outcome DispatchPlan::fail(const BatchTicket& ticket, bool guilty,
                                         const std::string& stage,
                                         const std::string& error) {
  const auto outcome = fail_try(ticket, guilty, stage, error);
  pump();
  return outcome;
}

DispatchPlan::Outcome
DispatchPlan::fail_try(const BatchTicket& ticket, bool guilty,
                       const std::string& stage, const std::string& error) {
  auto* const found = find_try(ticket);
  if (found == nullptr)
    return Outcome::ignored; // finished or dealt again already
  auto& entry = *found;
  if (entry.state == InFlightBatch::State::dead_lettered && !guilty) {
    dead_letter(entry);
    return Outcome::again;
  }
  if (!entry.is_dealt() || entry.state == InFlightBatch::State::dead_lettered)
    return Outcome::ignored;
  if (!guilty) {
    deal_again(entry);
    return Outcome::again;
  }
  entry.stage = stage;
  entry.error = error;
  return count_failed_attempt(entry);
}

DispatchPlan::Outcome DispatchPlan::count_failed_attempt(InFlightBatch& entry) {
  ++entry.failed_attempts;
  if (!entry.piece && entry.failed_attempts <= retry_limit_) {
    deal_again(entry);
    return Outcome::again;
  }
  take_back(entry);
  const auto range = entry.piece.value_or(Range{0, entry.batch->size()});
  if (range.size() == 1) {
    dead_letter(entry);
    return Outcome::dead_lettered;
  }
  if (entry.piece) {
    halve(entry, range);
    return Outcome::halved;
  }
  entry.state = InFlightBatch::State::to_be_halved;
  halve_oldest(held(entry));
  return Outcome::halved;
}

void DispatchPlan::halve(InFlightBatch& entry, Range range) {
  const auto middle = range.begin + range.size() / 2;
  entry.pieces_ahead.push_back({middle, range.end});
  entry.pieces_ahead.push_back({range.begin, middle});
  next_piece(entry);
}

void DispatchPlan::next_piece(InFlightBatch& entry) {
  entry.piece = entry.pieces_ahead.back();
  entry.pieces_ahead.pop_back();
  entry.part = entry.batch->slice(entry.piece->begin, entry.piece->size());
  rename(entry);
  entry.ticket.ends_sequence = entry.pieces_ahead.empty();
  ++entry.ticket.attempt;
  wait(entry, InFlightBatch::State::waiting_again);
}

/// A name of its own, so that the whole and the pieces are told apart.
void DispatchPlan::rename(InFlightBatch& entry) {
  if (entry.ticket.id != entry.key)
    pieces_.erase(entry.ticket.id);
  entry.ticket.id = BatchId{next_id_++};
  pieces_.emplace(entry.ticket.id, entry.key);
}

void DispatchPlan::dead_letter(InFlightBatch& entry) {
  if (!entry.piece)
    entry.piece = {0, entry.batch->size()};
  entry.state = InFlightBatch::State::dead_lettered;
  ++entry.ticket.attempt;
  // It comes by no lane, so no lane's death makes it void.
  entry.ticket.lane_incarnation = Incarnation{
    std::numeric_limits<std::uint64_t>::max()};
  entry.ticket.oldest_unfinished = oldest_unfinished(held(entry));
  orders_.poisoned_records.push_back({entry.ticket, entry.part, entry.stage,
                                      entry.error, entry.failed_attempts});
}

void DispatchPlan::complete(InFlightBatches::iterator found) {
  const auto held = DispatchPlan::held(found->second);
  const auto& entry = found->second;
  auto& partition = partitions_.at(held);
  const auto next = partition.ledger.finish(entry.ticket.place.sequence);
  if (next)
    partition.finished = next;
  auto& intake = *entry.intake;
  Acknowledgement acknowledgement{held, next, std::nullopt};
  if (--intake.unfinished == 0)
    acknowledgement.batch_first = intake.first;
  if (acknowledgement.next || acknowledgement.batch_first)
    orders_.acknowledgements.push_back(acknowledgement);
  if (entry.piece)
    orders_.advances.push_back(
      {held, {BatchSequence{entry.ticket.place.sequence.value + 1}, 0}});
  remove(found, true);
  halve_oldest(held);
  pump();
}

void DispatchPlan::halve_oldest(const PartitionEpoch& held) {
  auto& partition = partitions_.at(held);
  const auto oldest = partition.in_flight.find(
    partition.ledger.oldest_unfinished());
  if (oldest == partition.in_flight.end())
    return;
  auto& entry = in_flight_.at(oldest->second);
  if (entry.state == InFlightBatch::State::to_be_halved)
    halve(entry, {0, entry.batch->size()});
}

void DispatchPlan::remove(InFlightBatches::iterator found, bool finished) {
  auto& entry = found->second;
  take_back(entry);
  if (entry.state != InFlightBatch::State::waiting) {
    --dealt_;
    if (entry.treatment == Treatment::alone)
      alone_ = false;
    if (recorder_ != nullptr)
      recorder_->end(found->first, finished);
  }
  payload_bytes_ -= entry.batch->payload_bytes();
  pieces_.erase(entry.ticket.id);
  const auto partition = partitions_.find(held(entry));
  if (partition != partitions_.end())
    partition->second.in_flight.erase(entry.ticket.place.sequence);
  in_flight_.erase(found);
}

void DispatchPlan::forget(std::span<const PartitionEpoch> partitions) {
  for (const auto& held : partitions) {
    const auto partition = partitions_.find(held);
    if (partition == partitions_.end())
      continue;
    const auto in_flight = partition->second.in_flight;
    for (const auto& [sequence, id] : in_flight)
      remove(in_flight_.find(id), false);
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
  for (const auto& [id, entry] : in_flight_)
    if (entry.is_dealt())
      tickets.push_back(entry.ticket);
  return tickets;
}

BatchPlace DispatchPlan::oldest_unfinished(const PartitionEpoch& held) {
  const auto& partition = partitions_.at(held);
  const auto sequence = partition.ledger.oldest_unfinished();
  const auto oldest = partition.in_flight.find(sequence);
  return {sequence, oldest == partition.in_flight.end()
                      ? 0
                      : in_flight_.at(oldest->second).ticket.place.piece};
}

DispatchPlan::InFlightBatches::iterator DispatchPlan::find(BatchId id) {
  const auto piece = pieces_.find(id);
  return in_flight_.find(piece == pieces_.end() ? id : piece->second);
}

DispatchPlan::InFlightBatch* DispatchPlan::find_try(const BatchTicket& ticket) {
  const auto found = find(ticket.id);
  if (found == in_flight_.end() || found->second.ticket.id != ticket.id
      || found->second.ticket.attempt != ticket.attempt)
    return nullptr;
  return &found->second;
}

DispatchOrders DispatchPlan::take_orders() {
  return std::exchange(orders_, {});
}

} // namespace millrace::logic
