#include "actors/intake/consumer.hpp"

#include "actors/intake/consumer_work.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"

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

Consumer::Consumer(ConsumerParameters parameters)
  : parameters_(std::move(parameters)),
    metrics_(*parameters_.surroundings.metrics),
    log_(*parameters_.surroundings.log),
    limits_{static_cast<std::size_t>(parameters_.flow.batch_max_records),
            static_cast<std::size_t>(parameters_.flow.batch_max_bytes.bytes)},
    assignment_(parameters_.flow.max_read_ahead),
    unacknowledged_(parameters_.flow.memory_plan().in_flight_bytes()),
    progress_(parameters_.delivery.stall_alarm),
    silence_(parameters_.delivery.stall_alarm),
    rate_limiter_(static_cast<double>(parameters_.flow.rate_limit),
                  static_cast<double>(parameters_.flow.rate_burst)),
    credit_used_(metrics_.credit_bytes(name, CreditState::used)),
    credit_limit_(metrics_.limit_reached("credit")),
    rate_limit_(metrics_.limit_reached("rate")) {
  metrics_.rate_limit.Set(static_cast<double>(parameters_.flow.rate_limit));
  metrics_.budget_bytes.Set(
    static_cast<double>(parameters_.flow.memory_budget.bytes));
  metrics_.credit_bytes(name, CreditState::granted)
    .Set(static_cast<double>(unacknowledged_.credit().budget_bytes()));
  show_credit();
}

logic::Result<void> Consumer::provide_client() {
  if (source_ && !client_failed_)
    return {};
  source_.reset(); // one member of the group at a time
  auto opened = parameters_.open_source();
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
  rate_wake_at_ = {};
  take_what_is_ready();
  finish_what_ends();
}

void Consumer::take_what_is_ready() {
  if (closed_ || client_failed_)
    return;
  for (auto& event : source_->take_events())
    handle(event);
  announce_membership(false);
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
  if (unacknowledged_.credit().exhausted()) {
    if (!std::exchange(held_back_, true))
      credit_limit_.Increment();
    return nullptr;
  }
  auto limits = limits_;
  limits.max_records = allowance();
  if (limits.max_records == 0)
    return nullptr;
  return source_->take_batch(limits, [this](logic::PartitionId partition) {
    const bool accepted = assignment_.accepts(partition);
    held_back_ |= !accepted;
    return accepted;
  });
}

std::size_t Consumer::allowance() {
  const auto now = self_->clock().now();
  const bool refused = rate_limiter_.refusing();
  const auto allowed = rate_limiter_.allowance(limits_.max_records, now);
  metrics_.rate_limited_seconds.Increment(
    std::chrono::duration<double>{rate_limiter_.take_held_back()}.count());
  if (allowed != 0)
    return allowed;
  if (!refused)
    rate_limit_.Increment();
  // One wake-up at a time, however often others wake us meanwhile.
  if (rate_wake_at_ <= now) {
    rate_wake_at_ = now + rate_limiter_.wait();
    self_->scheduled_send(self_, rate_wake_at_, messages::ClientReady{});
  }
  return 0;
}

void Consumer::hand_on(logic::RecordBatchPtr batch) {
  const auto now = self_->clock().now();
  rate_limiter_.take(batch->size());
  const auto follows = unacknowledged_.add(batch, now);
  assignment_.note_read({batch->partition(), batch->epoch()},
                        batch->first_offset(), batch->last_offset());
  records_ += batch->size();
  metrics_.records_consumed.Increment(static_cast<double>(batch->size()));
  metrics_.bytes_consumed.Increment(
    static_cast<double>(batch->payload_bytes()));
  show_credit();
  tell(self_, parameters_.dispatcher,
       messages::DispatchBatch{std::move(batch), now, follows});
}

// -- Settling -----------------------------------------------------------------

void Consumer::acknowledge(const messages::BatchAcknowledged& report) {
  const auto& [held, next, batch_first] = report.acknowledgement;
  if (batch_first)
    unacknowledged_.remove(held, *batch_first, self_->clock().now());
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
  credit_used_.Set(static_cast<double>(unacknowledged_.credit().used_bytes()));
}

void Consumer::list_unacknowledged(messages::ListUnacknowledged) {
  messages::UnacknowledgedBatches notes;
  notes.held = assignment_.all();
  for (auto& [batch, read_at, follows] : unacknowledged_.all())
    notes.batches.push_back({std::move(batch), read_at, follows});
  tell(self_, parameters_.dispatcher, std::move(notes));
}

messages::ConsumerStatus Consumer::status(messages::ReportStatus) {
  messages::ConsumerStatus status;
  status.assigned = joined_;
  status.placed = source_->places_known();
  status.draining = draining_.has_value();
  status.fault = fault_;
  status.credit_bytes = unacknowledged_.credit().available_bytes();
  status.granted_bytes = unacknowledged_.credit().budget_bytes();
  status.records = records_;
  status.rate_limit = parameters_.flow.rate_limit;
  status.rate_limited = rate_limiter_.refusing();
  for (const auto& [partition, state] : assignment_.partitions()) {
    status.partitions.push_back(
      status_of(partition, state, progress_.lag(partition)));
    if (silence_.silent(partition))
      status.partitions.back().stalled = true;
  }
  return status;
}

SuccessorFactory<ConsumerActor> consumers(caf::actor_system& system,
                                          ConsumerParameters parameters) {
  return [&system, state = std::make_shared<SurvivingState<Consumer>>(
                     std::move(parameters))](logic::Incarnation incarnation) {
    return spawn_successor<ConsumerActor>(system, state, incarnation);
  };
}

} // namespace millrace::actors
