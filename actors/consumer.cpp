#include "actors/consumer.hpp"

#include "logic/assignment.hpp"
#include "logic/stall_watch.hpp"
#include "logic/unsettled_batches.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace millrace::actors {

namespace {

using logic::PartitionEpoch;
using logic::SourceEvent;

/// Batches handed on before other messages get their turn.
constexpr int batches_per_turn = 16;

/// How long a commit that must be known to have worked may take; less when a
/// deadline is near.
constexpr std::chrono::milliseconds final_commit_wait{5'000};
constexpr std::chrono::milliseconds shortest_wait{500};
/// Until a commit that failed is tried again while somebody waits for it.
constexpr std::chrono::milliseconds commit_retry{200};
/// Batches in flight of which nothing was heard for so long are asked for.
constexpr std::chrono::milliseconds audit_after{5'000};

class Consumer {
public:
  static inline const char* name = "consumer";

  explicit Consumer(ConsumerParts parts)
    : parts_(std::move(parts)), metrics_(*parts_.surroundings.metrics), log_(*parts_.surroundings.log),
      limits_{static_cast<std::size_t>(parts_.flow.batch_max_records),
              static_cast<std::size_t>(parts_.flow.batch_max_bytes.bytes)},
      assignment_(parts_.flow.max_read_ahead),
      unsettled_(parts_.flow.in_flight_bytes()),
      stalls_(parts_.delivery.stall_alarm),
      credit_gauge_(metrics_.credit_bytes(name)),
      credit_limit_(metrics_.limit_reached("credit")) {
    metrics_.budget_bytes.Set(
      static_cast<double>(parts_.flow.memory_budget.bytes));
    show_credit();
  }

  /// Gives this a client where it has none that works.
  logic::Result<void> provide_client() {
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

  void begin(ConsumerActor::pointer self) {
    self_ = self;
    draining_.reset();
    source_->on_ready(wake_up<ConsumerActor>(self_));
    self_->send(self_, messages::ClientReady{});
    schedule_tick();
  }

  template <class Life>
  static ConsumerActor::behavior_type behavior(Life& life) {
    return {
      life.by(&Consumer::on_client_ready),
      life.by(&Consumer::settle),
      life.by(&Consumer::list_unsettled),
      life.by(&Consumer::tick),
      life.by(&Consumer::drain),
      life.by(&Consumer::status),
      answer_heartbeats(life.self()),
      obey_faults(),
    };
  }

private:
  using TimePoint = caf::actor_clock::time_point;

  /// Partitions that the group wants back, and until when.
  struct Leaving {
    std::vector<PartitionEpoch> partitions;
    TimePoint deadline;
    TimePoint commit_again_at{}; ///< after a commit that failed
  };

  // -- Reading ----------------------------------------------------------------

  void on_client_ready(messages::ClientReady) {
    take_what_is_ready();
    finish_leaving();
    finish_draining();
  }

  void take_what_is_ready() {
    if (closed_ || client_failed_)
      return;
    for (auto& event : source_->take_events())
      handle(event);
    if (draining_ || client_failed_)
      return;
    for (int count = 0; count != batches_per_turn; ++count) {
      if (unsettled_.credit().exhausted()) {
        if (!std::exchange(held_back_, true))
          credit_limit_.Increment();
        return;
      }
      auto batch = source_->take_batch(
        limits_, [this](logic::PartitionId partition) {
          const bool accepted = assignment_.accepts(partition);
          held_back_ |= !accepted;
          return accepted;
        });
      if (!batch)
        return;
      hand_on(std::move(batch));
    }
    self_->send(self_, messages::ClientReady{});
  }

  void hand_on(logic::RecordBatchPtr batch) {
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

  void settle(const messages::BatchSettled& report) {
    const auto& [held, next, batch_first] = report.settlement;
    if (batch_first)
      unsettled_.remove(held, *batch_first, self_->clock().now());
    show_credit();
    if (next)
      assignment_.note_finished(held.partition, held.epoch, *next);
    finish_leaving();
    finish_draining();
    // Records that had to wait are in the client's queue already: nothing
    // else will wake us for them.
    if (std::exchange(held_back_, false))
      take_what_is_ready();
  }

  void show_credit() {
    credit_gauge_.Set(
      static_cast<double>(unsettled_.credit().available_bytes()));
  }

  /// Somebody was started anew, or nothing was settled for long: the
  /// dispatcher takes in what it does not know and settles what is finished.
  void list_unsettled(messages::ListUnsettled) {
    messages::UnsettledBatches notes;
    notes.held = assignment_.all();
    for (auto& [batch, read_at, follows] : unsettled_.all())
      notes.batches.push_back({std::move(batch), read_at, follows});
    tell(self_, parts_.dispatcher, std::move(notes));
  }

  // -- Changes in the group ---------------------------------------------------

  void handle(SourceEvent& event) {
    switch (event.kind) {
      case SourceEvent::Kind::assigned:
        assign(event.partitions);
        break;
      case SourceEvent::Kind::revoked:
        begin_leaving(std::move(event.partitions));
        break;
      case SourceEvent::Kind::lost:
        metrics_.rebalances[RebalanceKind::lost].Increment();
        log_.warn(name, "partitions lost to the group",
                  {{"count", event.partitions.size()}});
        give_back(event.partitions);
        break;
      case SourceEvent::Kind::uncommitted:
        metrics_.commits[CommitOutcome::failure].Increment();
        assignment_.doubt_commits();
        break;
      case SourceEvent::Kind::fault:
        fault_ = event.error.text;
        metrics_.count_error(name, event.error.code);
        log_.limited(self_->clock().now(), logic::LogLevel::warn, name,
                     "trouble with Kafka, going on trying",
                     {{"error", event.error.text}});
        break;
      case SourceEvent::Kind::recovered:
        if (!fault_.empty())
          log_.info(name, "Kafka answers again");
        fault_.clear();
        break;
      case SourceEvent::Kind::failed:
        metrics_.count_error(name, event.error.code);
        log_.fatal(name, "the Kafka consumer failed for good",
                   {{"error", event.error.text}});
        client_failed_ = true;
        give_back(assignment_.all());
        self_->quit(messages::to_caf_error(event.error));
        break;
    }
  }

  void assign(const std::vector<PartitionEpoch>& partitions) {
    joined_ = true;
    metrics_.rebalances[RebalanceKind::assigned].Increment();
    assignment_.assign(partitions);
    metrics_.assigned_partitions.Set(
      static_cast<double>(assignment_.partitions().size()));
    log_.info(name, "partitions assigned",
              {{"topic", parts_.topic},
               {"count", partitions.size()},
               {"held", assignment_.partitions().size()}});
    if (!partitions.empty())
      fault_.clear();
    if (draining_)
      assignment_.begin_leaving_all();
  }

  void begin_leaving(std::vector<PartitionEpoch> partitions) {
    metrics_.rebalances[RebalanceKind::revoked].Increment();
    log_.info(name, "giving partitions back to the group",
              {{"count", partitions.size()}});
    assignment_.begin_leaving(partitions);
    const auto deadline = self_->clock().now()
                          + parts_.delivery.revoke_deadline;
    leaving_.push_back({std::move(partitions), deadline});
    self_->delayed_send(self_, parts_.delivery.revoke_deadline,
                        messages::ClientReady{});
    finish_leaving();
  }

  void finish_leaving() {
    const auto now = self_->clock().now();
    std::erase_if(leaving_, [&](Leaving& leaving) {
      const bool drained = assignment_.drained(leaving.partitions);
      if ((!drained || now < leaving.commit_again_at)
          && now < leaving.deadline)
        return false;
      if (!commit_now(assignment_.finished(leaving.partitions),
                      leaving.deadline)
          && now < leaving.deadline) {
        // The next owner would do all that again.
        leaving.commit_again_at = now + commit_retry;
        self_->delayed_send(self_, commit_retry, messages::ClientReady{});
        return false;
      }
      if (!drained)
        log_.warn(name,
                  "partitions leave with records in flight, which their "
                  "next owner will read again",
                  {{"deadline_ms", parts_.delivery.revoke_deadline.count()}});
      give_back(leaving.partitions);
      return true;
    });
  }

  void give_back(const std::vector<PartitionEpoch>& partitions) {
    forget(partitions);
    assignment_.remove(partitions);
    unsettled_.forget(partitions);
    show_credit();
    source_->release(partitions);
    for (const auto& held : partitions) {
      metrics_.lag.remove(parts_.topic, held.partition);
      stalls_.forget(held.partition);
      lags_.erase(held.partition);
    }
    metrics_.assigned_partitions.Set(
      static_cast<double>(assignment_.partitions().size()));
  }

  void forget(const std::vector<PartitionEpoch>& partitions) {
    const messages::ForgetPartitions order{partitions};
    tell(self_, parts_.dispatcher, order);
    tell(self_, parts_.producer, order);
    for (const auto& detector : parts_.detectors)
      tell(self_, detector, order);
  }

  // -- Committing -------------------------------------------------------------

  void schedule_tick() {
    self_->delayed_send(self_, parts_.delivery.commit_interval,
                        messages::Tick{});
  }

  void tick(messages::Tick) {
    if (closed_ || client_failed_)
      return;
    schedule_tick();
    const auto offsets = assignment_.committable();
    if (!offsets.empty())
      commit(offsets, std::chrono::milliseconds{0});
    watch_progress();
    if (unsettled_.quiet_since(self_->clock().now() - audit_after))
      list_unsettled({});
    // A safety net behind the wake-ups.
    take_what_is_ready();
    finish_leaving();
    finish_draining();
  }

  bool commit_now(const std::vector<logic::PartitionOffset>& offsets,
                  TimePoint deadline) {
    return offsets.empty()
           || commit(offsets,
                     std::min(final_commit_wait, left_until(deadline)));
  }

  std::chrono::milliseconds left_until(TimePoint deadline) const {
    return std::max(shortest_wait,
                    std::chrono::duration_cast<std::chrono::milliseconds>(
                      deadline - self_->clock().now()));
  }

  /// False where trying again may help.
  bool commit(const std::vector<logic::PartitionOffset>& offsets,
              std::chrono::milliseconds wait) {
    const auto result = source_->commit(offsets, wait);
    if (result) {
      assignment_.note_committed(offsets);
      tell(self_, parts_.dispatcher, messages::OffsetsCommitted{offsets});
      metrics_.commits[CommitOutcome::success].Increment();
      return true;
    }
    const bool fenced = result.error().code == logic::ErrorCode::fenced;
    metrics_.commits[fenced ? CommitOutcome::fenced : CommitOutcome::failure]
      .Increment();
    log_.limited(self_->clock().now(), logic::LogLevel::warn, name,
                 "could not commit offsets", {{"error", result.error().text}});
    return fenced;
  }

  void watch_progress() {
    const auto now = self_->clock().now();
    std::size_t stalled = 0;
    for (const auto& [partition, high_watermark] :
         source_->high_watermarks()) {
      const auto found = assignment_.partitions().find(partition);
      if (found == assignment_.partitions().end() || !found->second.finished)
        continue;
      const auto finished = found->second.finished;
      auto& lag = lags_[partition];
      lag.records = std::max<std::int64_t>(0, high_watermark.value
                                                - finished->value);
      metrics_.lag.set(parts_.topic, partition, lag.records);
      const bool was_stalled = std::exchange(
        lag.stalled, stalls_.stalled(partition, finished, high_watermark, now));
      if (lag.stalled && !was_stalled)
        log_.error(name, "a partition lags and does not move",
                   {{"topic", parts_.topic},
                    {"partition", partition},
                    {"finished_offset", *finished},
                    {"lag_records", lag.records}});
      stalled += lag.stalled ? 1 : 0;
    }
    metrics_.stalled_partitions.Set(static_cast<double>(stalled));
  }

  // -- The end ----------------------------------------------------------------

  caf::result<messages::IntakeDrained>
  drain(const messages::DrainIntake& order) {
    if (closed_)
      return messages::IntakeDrained{records_,
                                     assignment_.unfinished_records()};
    if (!draining_)
      log_.info(name, "intake stopped, finishing what is in flight",
                {{"records", assignment_.unfinished_records()}});
    draining_ = self_->make_response_promise<messages::IntakeDrained>();
    drain_deadline_ = self_->clock().now() + order.deadline;
    assignment_.begin_leaving_all();
    self_->delayed_send(self_, order.deadline, messages::ClientReady{});
    auto promise = *draining_;
    finish_draining();
    return promise;
  }

  void finish_draining() {
    if (!draining_ || closed_)
      return;
    const auto now = self_->clock().now();
    if (!assignment_.drained() && now < drain_deadline_)
      return;
    const auto partitions = assignment_.all();
    const messages::IntakeDrained answer{records_,
                                         assignment_.unfinished_records()};
    if (!commit_now(assignment_.finished(partitions), drain_deadline_)
        && now + commit_retry < drain_deadline_) {
      self_->delayed_send(self_, commit_retry, messages::ClientReady{});
      return;
    }
    if (answer.unfinished_records != 0)
      forget(partitions);
    closed_ = true;
    // What matters is done; without a broker the goodbye takes its time.
    draining_->deliver(answer);
    source_->close(left_until(drain_deadline_));
  }

  messages::ConsumerStatus status(messages::ReportStatus) {
    messages::ConsumerStatus status;
    status.assigned = joined_;
    status.draining = draining_.has_value();
    status.fault = fault_;
    status.credit_bytes = unsettled_.credit().available_bytes();
    status.records = records_;
    for (const auto& [partition, state] : assignment_.partitions()) {
      messages::PartitionStatus line{
        partition,       state.epoch,  state.read,    state.finished,
        state.committed, std::nullopt, state.leaving, false};
      if (const auto lag = lags_.find(partition); lag != lags_.end()) {
        line.lag_records = lag->second.records;
        line.stalled = lag->second.stalled;
      }
      status.partitions.push_back(line);
    }
    return status;
  }

  struct Lag {
    std::int64_t records = 0;
    bool stalled = false;
  };

  ConsumerActor::pointer self_ = nullptr;
  ConsumerParts parts_;
  std::unique_ptr<logic::RecordSource> source_;
  bool client_failed_ = false;
  Metrics& metrics_;
  logic::Log& log_;
  logic::BatchLimits limits_;
  logic::Assignment assignment_;
  logic::UnsettledBatches unsettled_;
  logic::StallWatch stalls_;
  prometheus::Gauge& credit_gauge_;
  prometheus::Counter& credit_limit_;
  std::vector<Leaving> leaving_;
  std::map<logic::PartitionId, Lag> lags_;
  std::string fault_;
  std::uint64_t records_ = 0;
  bool joined_ = false;
  bool held_back_ = false; ///< records wait for credit or read-ahead
  bool closed_ = false;
  std::optional<caf::typed_response_promise<messages::IntakeDrained>> draining_;
  TimePoint drain_deadline_;
};

} // namespace

Succession<ConsumerActor> consumers(caf::actor_system& system,
                                    ConsumerParts parts) {
  return [&system, lasting = std::make_shared<Lasting<Consumer>>(
                     std::move(parts))](logic::Incarnation incarnation) {
    return succeed<ConsumerActor>(system, lasting, incarnation);
  };
}

} // namespace millrace::actors
