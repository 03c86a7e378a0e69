#include "actors/delivery/dispatcher.hpp"

#include "actors/telemetry/credit_gauges.hpp"
#include "logic/delivery/poison_dead_letters.hpp"
#include "logic/recovery/dispatch_plan.hpp"
#include "messages/detection.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"

#include <cstdint>
#include <map>
#include <utility>

namespace millrace::actors {

namespace {

class Dispatcher {
public:
  static inline const char* name = name_of(logic::ActorKind::dispatcher).data();

  explicit Dispatcher(DispatcherParameters parameters)
    : parameters_(std::move(parameters)),
      plan_(parameters_.retry_limit, parameters_.recorder.get(),
            parameters_.lanes_bytes),
      lanes_credit_(*parameters_.surroundings.metrics, "lane"),
      turn_gauge_(parameters_.surroundings.metrics->credit_bytes(
        logic::name_of(logic::ActorKind::judgement_router),
        CreditState::waiting)) {}

  void begin(DispatcherActor::pointer self) {
    self_ = self;
    asked_for_notes_ = false;
  }

  const Surroundings& surroundings() const { return parameters_.surroundings; }

  template <class Actor>
  static DispatcherActor::behavior_type behavior(Actor& actor) {
    return {
      actor.handle_with(&Dispatcher::attach),
      actor.handle_with(&Dispatcher::detach),
      actor.handle_with(&Dispatcher::take_in),
      actor.handle_with(&Dispatcher::await_turn),
      actor.handle_with(&Dispatcher::take_turn),
      actor.handle_with(&Dispatcher::leave_lane),
      actor.handle_with(&Dispatcher::finish),
      actor.handle_with(&Dispatcher::finish_partly),
      actor.handle_with(&Dispatcher::fail),
      actor.handle_with(&Dispatcher::forget),
      actor.handle_with(&Dispatcher::note_committed),
      actor.handle_with(&Dispatcher::reconcile),
      actor.handle_with(&Dispatcher::take_unacknowledged),
      actor.handle_with(&Dispatcher::take_checked),
      actor.handle_with(&Dispatcher::status),
      answer_heartbeats(actor.self()),
      obey_faults(actor.surroundings()),
    };
  }

private:
  void attach(const messages::AttachLane& order) {
    const logic::LaneLife life{
      order.lane,         order.incarnation,
      order.window_bytes, order.most_bytes,
      order.reserve,      static_cast<bool>(order.first_stage)};
    if (plan_.attach_lane(life, order.suspects, order.stage)
        && order.first_stage)
      outer_lanes_[order.lane] = order.first_stage;
    carry_out();
  }

  void detach(const messages::DetachLane& order) {
    if (plan_.detach_lane(order.lane, order.incarnation))
      outer_lanes_.erase(order.lane);
    carry_out();
  }

  void take_in(messages::DispatchBatch& order) {
    const bool in_turn = plan_.open(std::move(order.batch), order.read_at,
                                    order.follows);
    // The one before it was lost with a mailbox: have both shown again.
    if (!in_turn && !std::exchange(asked_for_notes_, true))
      tell(self_, parameters_.consumer, messages::ListUnacknowledged{});
    carry_out();
  }

  void await_turn(const messages::BatchAwaitsTurn& report) {
    plan_.await_turn(report.ticket);
    carry_out();
  }

  void take_turn(const messages::BatchTakesTurn& report) {
    plan_.take_turn(report.ticket);
    carry_out();
  }

  void leave_lane(const messages::BatchLeftLane& report) {
    plan_.leave_lane(report.ticket);
    carry_out();
  }

  void finish(const messages::BatchFinished& report) {
    plan_.finish(report.ticket.id);
    carry_out();
  }

  void finish_partly(const messages::BatchPartlyFinished& report) {
    plan_.finish_before(report.ticket.id, report.next);
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

  void reconcile(messages::Reconcile) {
    tell(self_, parameters_.consumer, messages::ListUnacknowledged{});
    tell(self_, parameters_.producer, messages::CheckDeliveries{plan_.dealt()});
  }

  void take_unacknowledged(messages::UnacknowledgedBatches& notes) {
    asked_for_notes_ = false;
    plan_.keep_only(notes.held);
    for (auto& [batch, read_at, follows] : notes.batches)
      plan_.open(std::move(batch), read_at, follows);
    carry_out();
  }

  void take_checked(const messages::DeliveriesChecked& answer) {
    for (const auto id : answer.finished)
      plan_.finish(id);
    for (const auto& ticket : answer.held)
      plan_.leave_lane(ticket);
    // On their way, or lost with somebody's mailbox: what comes twice to the
    // producer is dropped there.
    for (const auto& ticket : answer.unknown)
      plan_.fail(ticket, false, {}, {});
    carry_out();
  }

  messages::DispatcherStatus status(messages::ReportStatus) {
    return {plan_.batches(),
            redispatched_,
            poison_records_,
            plan_.lane_credits(),
            plan_.credit().waiting_bytes,
            plan_.turn_bytes()};
  }

  void carry_out() {
    auto orders = plan_.take_orders();
    for (auto& deal : orders.deals) {
      if (deal.ticket.attempt != 0)
        note_again(deal.ticket, *deal.batch);
      give(std::move(deal));
    }
    for (auto& poisoned : orders.poisoned_records)
      dead_letter(poisoned);
    for (const auto& acknowledgement : orders.acknowledgements)
      tell(self_, parameters_.consumer,
           messages::BatchAcknowledged{acknowledgement});
    if (parameters_.router)
      for (const auto& advance : orders.advances)
        tell(self_, parameters_.router, messages::AdvanceSequence{advance});
    if (!orders.checks.empty())
      tell(self_, parameters_.producer,
           messages::CheckDeliveries{std::move(orders.checks)});
    auto& metrics = *parameters_.surroundings.metrics;
    metrics.batches_in_flight.Set(static_cast<double>(plan_.batches()));
    metrics.bytes_in_flight.Set(static_cast<double>(plan_.payload_bytes()));
    lanes_credit_.show(plan_.credit());
    turn_gauge_.Set(static_cast<double>(plan_.turn_bytes()));
  }

  void give(logic::Deal deal) {
    const auto lane = deal.ticket.lane;
    messages::ValidateBatch order{deal.ticket, std::move(deal.batch)};
    if (const auto outer = outer_lanes_.find(lane); outer != outer_lanes_.end())
      self_->send(outer->second, std::move(order));
    else if (lane < parameters_.lanes.size())
      tell(self_, parameters_.lanes[lane], std::move(order));
  }

  void note_again(const logic::BatchTicket& ticket,
                  const logic::RecordBatch& batch) {
    ++redispatched_;
    parameters_.surroundings.metrics->redispatches.Increment();
    auto& log = *parameters_.surroundings.log;
    if (log.enabled(logic::LogLevel::debug))
      log.debug(name, "batch given out again",
                {{"topic", batch.topic()},
                 {"partition", batch.partition()},
                 {"offset", batch.first_offset()},
                 {"records", batch.size()},
                 {"lane", ticket.lane},
                 {"attempt", ticket.attempt + 1}});
  }

  void dead_letter(const logic::PoisonedRecords& poisoned) {
    poison_records_ += poisoned.batch->size();
    parameters_.surroundings.metrics->poison_records.Increment(
      static_cast<double>(poisoned.batch->size()));
    parameters_.surroundings.log->error(
      name, "a record fails a stage on every try and becomes a dead letter",
      {{"topic", poisoned.batch->topic()},
       {"partition", poisoned.batch->partition()},
       {"offset", poisoned.batch->first_offset()},
       {"stage", poisoned.stage},
       {"error", poisoned.error}});
    tell(self_, parameters_.producer,
         messages::ProduceBatch{poisoned.ticket,
                                logic::to_dead_letters(poisoned)});
  }

  void tell_of_failure(const messages::BatchFailed& report,
                       logic::DispatchPlan::Outcome outcome) {
    using Outcome = logic::DispatchPlan::Outcome;
    parameters_.surroundings.metrics->count_error(
      report.stage, logic::ErrorCode::stage_failed);
    parameters_.surroundings.log->limited(
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
  DispatcherParameters parameters_;
  logic::DispatchPlan plan_;
  CreditGauges lanes_credit_; ///< of all together: lanes elsewhere are many
  prometheus::Gauge& turn_gauge_;
  std::map<std::uint32_t, messages::FirstStage>
    outer_lanes_; ///< not of the topology
  bool asked_for_notes_ = false;
  std::uint64_t redispatched_ = 0;
  std::uint64_t poison_records_ = 0;
};

} // namespace

SuccessorFactory<DispatcherActor> dispatchers(caf::actor_system& system,
                                              DispatcherParameters parameters) {
  return [&system, state = std::make_shared<SurvivingState<Dispatcher>>(
                     std::move(parameters))](logic::Incarnation incarnation) {
    return spawn_successor<DispatcherActor>(system, state, incarnation);
  };
}

} // namespace millrace::actors
