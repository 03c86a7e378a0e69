#include "actors/dispatcher.hpp"

#include "logic/burial.hpp"
#include "logic/dispatch_plan.hpp"

#include <utility>

namespace millrace::actors {

namespace {

class Dispatcher {
public:
  static inline const char* name = "dispatcher";

  explicit Dispatcher(DispatcherParts parts)
    : parts_(std::move(parts)),
      plan_(parts_.retry_limit, parts_.recorder.get()) {}

  void begin(DispatcherActor::pointer self) {
    self_ = self;
    asked_for_notes_ = false;
  }

  template <class Life>
  static DispatcherActor::behavior_type behavior(Life& life) {
    return {
      life.by(&Dispatcher::attach),        life.by(&Dispatcher::take_in),
      life.by(&Dispatcher::finish),        life.by(&Dispatcher::fail),
      life.by(&Dispatcher::forget),        life.by(&Dispatcher::note_committed),
      life.by(&Dispatcher::compare_notes), life.by(&Dispatcher::take_unsettled),
      life.by(&Dispatcher::take_checked),  life.by(&Dispatcher::status),
      answer_heartbeats(life.self()),      obey_faults(),
    };
  }

private:
  void attach(const messages::AttachLane& order) {
    plan_.attach_lane(order.lane, order.incarnation, order.culprits,
                      order.stage);
    carry_out();
  }

  void take_in(messages::DispatchBatch& order) {
    const bool in_turn = plan_.open(std::move(order.batch), order.read_at,
                                    order.follows);
    // The one before it was lost with a mailbox: have both shown again.
    if (!in_turn && !std::exchange(asked_for_notes_, true))
      tell(self_, parts_.consumer, messages::ListUnsettled{});
    carry_out();
  }

  void finish(const messages::BatchFinished& report) {
    plan_.finish(report.ticket.id);
    carry_out();
  }

  void fail(const messages::BatchFailed& report) {
    const auto outcome = plan_.fail(report.ticket, report.guilty, report.stage,
                                    report.text);
    if (report.guilty && outcome != logic::DispatchPlan::Outcome::ignored)
      tell_of_failure(report, outcome);
    carry_out();
  }

  void forget(const messages::ForgetPartitions& order) {
    plan_.forget(order.partitions);
    carry_out();
  }

  void note_committed(const messages::OffsetsCommitted& news) {
    plan_.note_committed(news.offsets);
  }

  void compare_notes(messages::CompareNotes) {
    tell(self_, parts_.consumer, messages::ListUnsettled{});
    tell(self_, parts_.producer, messages::CheckDeliveries{plan_.dealt()});
  }

  void take_unsettled(messages::UnsettledBatches& notes) {
    asked_for_notes_ = false;
    plan_.keep_only(notes.held);
    for (auto& [batch, read_at, follows] : notes.batches)
      plan_.open(std::move(batch), read_at, follows);
    carry_out();
  }

  void take_checked(const messages::DeliveriesChecked& answer) {
    for (const auto id : answer.finished)
      plan_.finish(id);
    // On their way, or lost with somebody's mailbox: what comes twice to the
    // producer is dropped there.
    for (const auto& ticket : answer.unknown)
      plan_.fail(ticket, false, {}, {});
    carry_out();
  }

  messages::DispatcherStatus status(messages::ReportStatus) {
    return {plan_.batches(), redispatched_, poison_records_};
  }

  void carry_out() {
    auto orders = plan_.take_orders();
    for (auto& deal : orders.deals) {
      if (deal.ticket.attempt != 0)
        count_again();
      tell(self_, parts_.validators[deal.ticket.lane],
           messages::ValidateBatch{deal.ticket, std::move(deal.batch)});
    }
    for (auto& burial : orders.burials)
      bury(burial);
    for (const auto& settlement : orders.settlements)
      tell(self_, parts_.consumer, messages::BatchSettled{settlement});
    for (const auto& passage : orders.passages)
      for (const auto& detector : parts_.detectors)
        tell(self_, detector, messages::PassOver{passage});
    auto& metrics = *parts_.surroundings.metrics;
    metrics.batches_in_flight.Set(static_cast<double>(plan_.batches()));
    metrics.bytes_in_flight.Set(static_cast<double>(plan_.payload_bytes()));
  }

  void count_again() {
    ++redispatched_;
    parts_.surroundings.metrics->redispatches.Increment();
  }

  void bury(const logic::Burial& burial) {
    poison_records_ += burial.batch->size();
    parts_.surroundings.metrics->poison_records.Increment(
      static_cast<double>(burial.batch->size()));
    parts_.surroundings.log->error(
      name, "a record fails a stage on every try and becomes a dead letter",
      {{"topic", burial.batch->topic()},
       {"partition", burial.batch->partition()},
       {"offset", burial.batch->first_offset()},
       {"stage", burial.stage},
       {"error", burial.error}});
    tell(self_, parts_.producer,
         messages::ProduceBatch{burial.ticket, logic::to_dead_letters(burial)});
  }

  void tell_of_failure(const messages::BatchFailed& report,
                       logic::DispatchPlan::Outcome outcome) {
    using Outcome = logic::DispatchPlan::Outcome;
    parts_.surroundings.metrics->count_error(report.stage,
                                             logic::ErrorCode::stage_failed);
    parts_.surroundings.log->limited(
      self_->clock().now(), logic::LogLevel::warn, name,
      "a stage failed a batch",
      {{"stage", report.stage},
       {"error", report.text},
       {"partition", report.ticket.partition},
       {"attempt", report.ticket.attempt + 1},
       {"consequence", outcome == Outcome::again    ? "tried again"
                       : outcome == Outcome::halved ? "halved"
                                                    : "dead letter"}});
  }

  DispatcherActor::pointer self_ = nullptr;
  DispatcherParts parts_;
  logic::DispatchPlan plan_;
  bool asked_for_notes_ = false;
  std::uint64_t redispatched_ = 0;
  std::uint64_t poison_records_ = 0;
};

} // namespace

Succession<DispatcherActor> dispatchers(caf::actor_system& system,
                                        DispatcherParts parts) {
  return [&system, lasting = std::make_shared<Lasting<Dispatcher>>(
                     std::move(parts))](logic::Incarnation incarnation) {
    return succeed<DispatcherActor>(system, lasting, incarnation);
  };
}

} // namespace millrace::actors
