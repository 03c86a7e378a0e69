#include "actors/consumer.hpp"

#include "actors/consumer_work.hpp"

#include <cstddef>
#include <utility>

namespace millrace::actors {

namespace {

/// Batches handed on before other messages get their turn.
constexpr int batches_per_turn = 16;

messages::PartitionStatus
status_of(logic::PartitionId partition,
          const logic::Assignment::Partition& state,
          const std::optional<logic::PartitionProgress::Lag>& lag) {
  messages::PartitionStatus line{
    partition,       state.epoch,  state.read,    state.finished,
    state.committed, std::nullopt, state.leaving, false};
  if (lag) {
    line.lag_records = lag->records;
    line.stalled = lag->stalled;
  }
  return line;
}

} // namespace

Consumer::Consumer(ConsumerParts parts)
  : parts_(std::move(parts)), metrics_(*parts_.surroundings.metrics),
    log_(*parts_.surroundings.log),
    limits_{static_cast<std::size_t>(parts_.flow.batch_max_records),
            static_cast<std::size_t>(parts_.flow.batch_max_bytes.bytes)},
    assignment_(parts_.flow.max_read_ahead),
    unsettled_(parts_.flow.in_flight_bytes()),
    progress_(parts_.delivery.stall_alarm),
    credit_gauge_(metrics_.credit_bytes(name)),
    credit_limit_(metrics_.limit_reached("credit")) {
  metrics_.budget_bytes.Set(
    static_cast<double>(parts_.flow.memory_budget.bytes));
  show_credit();
}

logic::Result<void> Consumer::provide_client() {
  if (source_ && !client_failed_)
    return {};
  source_.reset(); // one member of the group at a time
  auto opened = parts_.open_source();
  if (!opened)
    return opened.error();
  source_ = std::move(*opened);
  client_failed_ = false;
  return {};
}

void Consumer::begin(ConsumerActor::pointer self) {
  self_ = self;
  draining_.reset();
  source_->on_ready(wake_up<ConsumerActor>(self_));
  self_->send(self_, messages::ClientReady{});
  schedule_tick();
}

// -- Reading ------------------------------------------------------------------

void Consumer::on_client_ready(messages::ClientReady) {
  take_what_is_ready();
  finish_what_ends();
}

void Consumer::take_what_is_ready() {
  if (closed_ || client_failed_)
    return;
  for (auto& event : source_->take_events())
    handle(event);
  if (!draining_ && !client_failed_)
    take_batches();
}

void Consumer::take_batches() {
  for (int count = 0; count != batches_per_turn; ++count) {
    auto batch = take_batch();
    if (!batch)
      return;
    hand_on(std::move(batch));
  }
  self_->send(self_, messages::ClientReady{});
}

logic::RecordBatchPtr Consumer::take_batch() {
  if (unsettled_.credit().exhausted()) {
    if (!std::exchange(held_back_, true))
      credit_limit_.Increment();
    return nullptr;
  }
  return source_->take_batch(limits_, [this](logic::PartitionId partition) {
    const bool accepted = assignment_.accepts(partition);
    held_back_ |= !accepted;
    return accepted;
  });
}

void Consumer::hand_on(logic::RecordBatchPtr batch) {
  const auto now = self_->clock().now();
  const auto follows = unsettled_.add(batch, now);
  assignment_.note_read({batch->partition(), batch->epoch()},
                        batch->first_offset(), batch->last_offset());
  records_ += batch->size();
  metrics_.records_consumed.Increment(static_cast<double>(batch->size()));
  metrics_.bytes_consumed.Increment(
    static_cast<double>(batch->payload_bytes()));
  show_credit();
  tell(self_, parts_.dispatcher,
       messages::DispatchBatch{std::move(batch), now, follows});
}

// -- Settling -----------------------------------------------------------------

void Consumer::settle(const messages::BatchSettled& report) {
  const auto& [held, next, batch_first] = report.settlement;
  if (batch_first)
    unsettled_.remove(held, *batch_first, self_->clock().now());
  show_credit();
  if (next)
    assignment_.note_finished(held.partition, held.epoch, *next);
  finish_what_ends();
  // Records that had to wait are in the client's queue already: nothing
  // else will wake us for them.
  if (std::exchange(held_back_, false))
    take_what_is_ready();
}

void Consumer::show_credit() {
  credit_gauge_.Set(static_cast<double>(unsettled_.credit().available_bytes()));
}

void Consumer::list_unsettled(messages::ListUnsettled) {
  messages::UnsettledBatches notes;
  notes.held = assignment_.all();
  for (auto& [batch, read_at, follows] : unsettled_.all())
    notes.batches.push_back({std::move(batch), read_at, follows});
  tell(self_, parts_.dispatcher, std::move(notes));
}

messages::ConsumerStatus Consumer::status(messages::ReportStatus) {
  messages::ConsumerStatus status;
  status.assigned = joined_;
  status.draining = draining_.has_value();
  status.fault = fault_;
  status.credit_bytes = unsettled_.credit().available_bytes();
  status.records = records_;
  for (const auto& [partition, state] : assignment_.partitions())
    status.partitions.push_back(
      status_of(partition, state, progress_.lag(partition)));
  return status;
}

Succession<ConsumerActor> consumers(caf::actor_system& system,
                                    ConsumerParts parts) {
  return [&system, lasting = std::make_shared<Lasting<Consumer>>(
                     std::move(parts))](logic::Incarnation incarnation) {
    return succeed<ConsumerActor>(system, lasting, incarnation);
  };
}

} // namespace millrace::actors
