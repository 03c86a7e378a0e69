#include "actors/delivery/producer.hpp"

#include "actors/delivery/delivery_circuits.hpp"
#include "actors/delivery/delivery_counts.hpp"
#include "actors/delivery/delivery_notices.hpp"
#include "actors/delivery/transactional_delivery.hpp"
#include "logic/delivery/forgotten_epochs.hpp"
#include "logic/delivery/insight_publisher.hpp"
#include "logic/delivery/outbox.hpp"
#include "logic/delivery/record_sink.hpp"
#include "logic/delivery/resequencer.hpp"
#include "messages/insights.hpp"
#include "messages/lifecycle.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"
#include "messages/transactions.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace millrace::actors {

namespace {

using logic::OutboxNotice;

/// Until none is sent for a while. In transactions one is too many: each costs
/// the records that are in it another.
constexpr std::uint32_t insight_failures = 5;
constexpr std::chrono::milliseconds tick_interval{1'000};
constexpr std::chrono::milliseconds close_wait{1'000};
/// How often it is looked whether the last transaction has ended.
constexpr std::chrono::milliseconds close_look{10};

class Producer {
public:
  static inline const char* name = name_of(logic::ActorKind::producer).data();

  explicit Producer(ProducerParameters parameters)
    : parameters_(std::move(parameters)),
      metrics_(*parameters_.surroundings.metrics),
      log_(*parameters_.surroundings.log), outbox_(parameters_.outbox_config()),
      insights_(parameters_.delivery.exactly_once() ? 1 : insight_failures),
      output_circuit_(metrics_, log_), dead_letter_circuit_(metrics_, log_),
      insights_gauge_(metrics_.circuit_state("insights")) {
    if (parameters_.delivery.exactly_once())
      transactions_.emplace(parameters_.delivery, metrics_, log_);
  }

  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// The client sends from the outbox's bytes without copying them, so it
  /// must be gone before they are.
  ~Producer() {
    if (sink_ && !closed_)
      sink_->close(close_wait);
  }

  /// Gives this a client where it has none that works.
  logic::Result<void> provide_client() {
    if (sink_ && !client_failed_)
      return {};
    auto opened = parameters_.open_sink();
    if (!opened)
      return opened.error();
    if (sink_) {
      sink_->close(close_wait);
      sink_->take_reports(reports_);
      if (!transactions_)
        apply_reports(outbox_clock_);
    }
    if (sink_ && transactions_)
      transactions_->start_over(outbox_, insights_, outbox_clock_);
    else
      outbox_.retry_all_at(outbox_clock_);
    sink_ = std::move(*opened);
    client_failed_ = false;
    return {};
  }

  void begin(ProducerActor::pointer self) {
    self_ = self;
    closing_.reset();
    wake_at_.reset();
    sink_->on_ready(wake_up<ProducerActor>(self_));
    if (transactions_ && transactions_->cycle().lost_track())
      tell_of_lost_commits(
        {logic::ErrorCode::fatal_client, "the client died while it committed"});
    schedule_tick();
  }

  const Surroundings& surroundings() const { return parameters_.surroundings; }

  template <class Actor>
  static ProducerActor::behavior_type behavior(Actor& actor) {
    return {
      actor.handle_with(&Producer::on_client_ready),
      actor.handle_with(&Producer::take_in),
      actor.handle_with(&Producer::fence),
      actor.handle_with(&Producer::check),
      actor.handle_with(&Producer::publish),
      actor.handle_with(&Producer::note_joined),
      actor.handle_with(&Producer::commit_offsets),
      actor.handle_with(&Producer::forget),
      actor.handle_with(&Producer::tick),
      actor.handle_with(&Producer::close),
      actor.handle_with(&Producer::status),
      answer_heartbeats(actor.self()),
      obey_faults(actor.surroundings()),
    };
  }

private:
  struct Waiting {
    logic::BatchTicket ticket;
    logic::EncodedBatchPtr batch;
  };

  void on_client_ready(messages::ClientReady) { take_reports(); }

  void tick(messages::Tick) {
    take_reports();
    look_for_lost_reports();
    metrics_.pinned_partitions.Set(
      static_cast<double>(pinned_partitions(outbox_).size()));
    schedule_tick();
  }

  void take_in(messages::ProduceBatch& order) {
    const auto& ticket = order.ticket;
    if (forgotten_.contains(ticket.partition, ticket.epoch) || fenced(ticket))
      return;
    if (order.batch->records.size() != order.batch->raw->size()) {
      tell(self_, parameters_.dispatcher,
           messages::BatchFailed{ticket, name, "outputs do not fit the records",
                                 true});
      return;
    }
    const auto send = [this](Waiting due) {
      metrics_.bytes_produced.Increment(
        static_cast<double>(due.batch->bytes.size()));
      outbox_.add(due.ticket, std::move(due.batch));
    };
    // A repeat is dropped: its first coming is delivered or on its way.
    resequencers_[{ticket.partition, ticket.epoch}].offer(
      ticket, Waiting{ticket, std::move(order.batch)}, send);
    pump();
  }

  /// Two lives of a lane may work on the same batch; only the later counts,
  /// as the earlier may be past what was halved meanwhile.
  bool fenced(const logic::BatchTicket& ticket) const {
    const auto found = lanes_.find(ticket.lane);
    return found != lanes_.end() && ticket.lane_incarnation < found->second;
  }

  void fence(messages::FenceLane order) {
    auto& incarnation = lanes_[order.lane];
    incarnation = std::max(incarnation, order.incarnation);
  }

  void check(const messages::CheckDeliveries& question) {
    messages::DeliveriesChecked answer;
    for (const auto& ticket : question.tickets) {
      if (forgotten_.contains(ticket.partition, ticket.epoch))
        continue;
      const auto found = resequencers_.find({ticket.partition, ticket.epoch});
      const bool known = found != resequencers_.end();
      if (outbox_.holds(ticket.id)
          || (known && found->second.holds(ticket.place)))
        answer.held.push_back(ticket);
      else if (known && found->second.passed(ticket.place))
        answer.finished.push_back(ticket.id);
      else
        answer.unknown.push_back(ticket);
    }
    tell(self_, parameters_.dispatcher, std::move(answer));
  }

  void pump() {
    const auto now = self_->clock().now();
    using logic::Destination;
    const bool probe = output_circuit_.words(now).state
                       != logic::CircuitState::closed;
    const bool to_send = outbox_.wants_to_send(now)
                         || (probe && outbox_.waits_for(Destination::output));
    if (closed_ || client_failed_
        || (transactions_ ? !transactions_->may_send(*sink_, to_send, now)
                          : !to_send))
      return wake_for_retry();
    // While the output fails nothing is sent, and so no credit comes back.
    const auto wall_ms = parameters_.surroundings.clock->now_ms();
    if (transactions_)
      transactions_->send_insights(insights_, *sink_, now, wall_ms);
    if (output_circuit_.allows(now)) {
      if (probe)
        outbox_.try_again(Destination::output, now);
      const auto before = sink_->queued_records();
      outbox_.pump(*sink_, now, wall_ms);
      // Otherwise a report would be waited for that never comes.
      if (sink_->queued_records() == before)
        output_circuit_.on_unused(now);
    } else {
      outbox_.pump_second_probes(*sink_, now, wall_ms);
    }
    wake_for_retry();
  }

  void wake_for_retry() {
    const auto now = self_->clock().now();
    auto due = outbox_.next_retry();
    if (const auto probe = output_circuit_.next_probe())
      due = probe; // then all are tried again
    if (const auto next = transactions_ ? transactions_->cycle().due()
                                        : std::nullopt)
      due = std::min(due.value_or(*next), *next);
    const bool will_wake = wake_at_ && *wake_at_ > now && wake_at_ <= due;
    // What is overdue waits for room in the sink, which wakes us itself.
    if (!due || *due <= now || will_wake)
      return;
    wake_at_ = due;
    self_->scheduled_send(self_, *due, messages::ClientReady{});
  }

  /// The sink looks after itself when it is asked, wake-up or not.
  void schedule_tick() {
    self_->delayed_send(self_, tick_interval, messages::Tick{});
  }

  void take_reports() {
    if (closed_)
      return;
    sink_->take_reports(reports_);
    outbox_clock_ = self_->clock().now();
    apply_reports(outbox_clock_);
    if (transactions_)
      advance_transactions();
    for (auto& batch : outbox_.take_delivered())
      finish(batch);
    tell_partly_finished();
    for (const auto& notice : outbox_.take_notices())
      announce(notice);
    for (const auto& event : reports_.events)
      announce(event);
    counts_.show(outbox_, metrics_);
    pump();
    finish_closing();
  }

  /// Before the batches are told finished: what is told then is committed.
  void advance_transactions() {
    const auto news = transactions_->advance(reports_, outbox_, insights_,
                                             *sink_, outbox_clock_);
    if (news.lost_track)
      tell_of_lost_commits(news.error);
    if (!news.committed.empty())
      tell(self_, parameters_.consumer,
           messages::OffsetsCommitted{news.committed});
  }

  void tell_of_lost_commits(const logic::Error& error) {
    tell(self_, parameters_.consumer, messages::CommitsLost{error});
  }

  void note_joined(const messages::GroupJoined& news) {
    if (transactions_)
      transactions_->cycle().join(news.member);
  }

  void commit_offsets(const messages::CommitOffsets& order) {
    if (!transactions_)
      return;
    const auto done = transactions_->cycle().move(order.offsets);
    if (!done.empty())
      tell(self_, parameters_.consumer, messages::OffsetsCommitted{done});
    pump();
  }

  void look_for_lost_reports() {
    if (transactions_)
      return take_reports(); // an incomplete transaction is aborted in time
    if (closed_ || client_failed_ || sink_->queued_records() != 0)
      return;
    const auto again = outbox_.send_unreported_again(self_->clock().now());
    if (again == 0)
      return;
    log_.error(name,
               "delivery reports are missing, sending again what may "
               "have arrived",
               {{"records", again}});
    pump();
  }

  void apply_reports(caf::actor_clock::time_point now) {
    for (const auto& failure : reports_.failed)
      if (failure.blame != logic::Blame::neighbour) // nothing failed of it
        metrics_.count_delivery_failures(to_string(failure.destination),
                                         failure.error, 1);
    const auto outcome = insights_.apply_reports(reports_, now);
    metrics_.insights_published.Increment(
      static_cast<double>(outcome.published));
    if (!outcome.failure.empty())
      log_.limited(now, logic::LogLevel::warn, name,
                   "an insight was not delivered",
                   {{"error", outcome.failure}});
    insights_gauge_.Set(static_cast<double>(insights_.circuit(now)));
    log_failed_deliveries(log_, outbox_, reports_);
    outbox_.apply_reports(reports_, now);
    look_at_circuits(now);
  }

  void look_at_circuits(caf::actor_clock::time_point now) {
    using logic::Destination;
    const bool closed = output_circuit_.words(now).state
                        == logic::CircuitState::closed;
    output_circuit_.look_at(
      reports_, !closed && outbox_.waits_for(Destination::output), now);
    if (const auto until = dead_letter_circuit_.look_at(reports_, now))
      outbox_.hold(Destination::dead_letters, *until);
  }

  /// Between the reports and the next sending, when most is known.
  void tell_partly_finished() {
    if (outbox_clock_ < partly_told_ + tick_interval)
      return;
    partly_told_ = outbox_clock_;
    for (const auto& [ticket, next] : outbox_.take_partly_delivered())
      tell(self_, parameters_.dispatcher,
           messages::BatchPartlyFinished{ticket, next});
  }

  void finish(const logic::DeliveredBatch& batch) {
    const std::chrono::duration<double> took = self_->clock().now()
                                               - batch.ticket.read_at;
    if (batch.outputs != 0)
      metrics_.processed(Outcome::success, batch.outputs, took.count());
    if (batch.dead_letters != 0)
      metrics_.processed(Outcome::failure, batch.dead_letters, took.count());
    tell(self_, parameters_.dispatcher, messages::BatchFinished{batch.ticket});
  }

  void announce(const OutboxNotice& notice) {
    if (notice.kind == OutboxNotice::Kind::client_failed)
      return fail({logic::ErrorCode::fatal_client, notice.text});
    if (notice.kind == OutboxNotice::Kind::stuck)
      ++stuck_;
    log_notice(log_, self_->clock().now(), notice);
  }

  void announce(const logic::ClientEvent& event) {
    switch (event.kind) {
      case logic::ClientEvent::Kind::fault:
        fault_ = event.error.text;
        metrics_.count_error(name, event.error.code);
        log_.limited(self_->clock().now(), trouble_level(event.error), name,
                     "trouble with Kafka, going on trying",
                     {{"error", event.error.text}});
        break;
      case logic::ClientEvent::Kind::recovered:
        if (!fault_.empty())
          log_.info(name, "Kafka answers again");
        fault_.clear();
        break;
      case logic::ClientEvent::Kind::failed:
        fail(event.error);
        break;
      case logic::ClientEvent::Kind::recreated:
        metrics_.count_recreated(event.topic);
        log_.warn(name, "a topic that is written to was created anew",
                  {{"topic", event.topic}, {"error", event.error.text}});
        break;
      case logic::ClientEvent::Kind::warning:
        metrics_.count_error(name, event.error.code);
        log_.warn(name, "Kafka: for you to know",
                  {{"warning", event.error.text}});
        break;
      default:
        break; // a sink has no partitions
    }
  }

  void fail(const logic::Error& error) {
    if (std::exchange(client_failed_, true))
      return;
    metrics_.count_error(name, error.code);
    if (error.code == logic::ErrorCode::fenced)
      metrics_.fenced[FencedClient::producer].Increment();
    log_.fatal(name, "the Kafka producer failed for good",
               {{"error", error.text}});
    self_->quit(messages::to_caf_error(error));
  }

  void forget(const messages::ForgetPartitions& order) {
    for (const auto& held : order.partitions) {
      forgotten_.add(held);
      resequencers_.erase(held);
      if (transactions_ && !closed_)
        transactions_->cycle().forget(held, outbox_, *sink_->transactions());
      outbox_.forget(held.partition, held.epoch);
    }
  }

  // -- Insights ---------------------------------------------------------------

  void publish(const messages::PublishInsight& order) {
    if (closed_ || client_failed_ || !parameters_.insights_topic)
      return;
    if (transactions_) {
      transactions_->add_insight(order.json);
      return pump();
    }
    const auto now = self_->clock().now();
    if (!insights_.send(*sink_, order.json, now,
                        parameters_.surroundings.clock->now_ms()))
      log_.limited(now, logic::LogLevel::warn, name,
                   "an insight is not sent, as its topic does not take any");
  }

  // -- The end ----------------------------------------------------------------

  caf::result<messages::OutputClosed>
  close(const messages::CloseOutput& order) {
    if (closed_)
      return messages::OutputClosed{};
    closing_ = self_->make_response_promise<messages::OutputClosed>();
    close_deadline_ = self_->clock().now() + order.deadline;
    sink_->hurry();
    auto promise = *closing_;
    self_->delayed_send(self_, order.deadline, messages::ClientReady{});
    finish_closing();
    return promise;
  }

  void finish_closing() {
    if (!closing_ || closed_)
      return;
    const auto unsent = sink_->queued_records();
    const auto now = self_->clock().now();
    if (transactions_ && !transactions_->idle() && now < close_deadline_) {
      transactions_->cycle().hurry(now);
      self_->delayed_send(self_, close_look, messages::ClientReady{});
      return;
    }
    if (unsent != 0 && now < close_deadline_)
      return;
    closed_ = true;
    sink_->close(close_wait);
    closing_->deliver(messages::OutputClosed{unsent});
  }

  messages::ProducerStatus status(messages::ReportStatus) {
    const auto output = output_circuit_.words(self_->clock().now());
    const auto dead_letters = dead_letter_circuit_.words();
    return {fault_,
            outbox_.delivered(logic::Destination::output),
            outbox_.delivered(logic::Destination::dead_letters),
            outbox_.retries(),
            outbox_.batches(),
            stuck_,
            output.state,
            output.reason,
            dead_letters.state,
            dead_letters.reason,
            pinned_partitions(outbox_),
            outbox_.references()};
  }

  ProducerActor::pointer self_ = nullptr;
  ProducerParameters parameters_;
  std::unique_ptr<logic::RecordSink> sink_;
  bool client_failed_ = false;
  Metrics& metrics_;
  logic::Log& log_;
  logic::Outbox outbox_;
  std::map<logic::PartitionEpoch, logic::Resequencer<Waiting>> resequencers_;
  logic::ForgottenEpochs forgotten_;
  /// The life that counts of each; lanes elsewhere have any number.
  std::map<std::uint32_t, logic::Incarnation> lanes_;
  caf::actor_clock::time_point outbox_clock_; ///< when reports came last
  caf::actor_clock::time_point partly_told_;
  logic::DeliveryReports reports_; ///< reused
  logic::InsightPublisher insights_;
  std::optional<TransactionalDelivery> transactions_; ///< none: at least once
  OutputCircuit output_circuit_;
  DeadLetterCircuit dead_letter_circuit_;
  prometheus::Gauge& insights_gauge_;
  std::string fault_;
  std::uint64_t stuck_ = 0; ///< failed tries to write a dead letter
  DeliveryCounts counts_;
  std::optional<caf::actor_clock::time_point> wake_at_;
  bool closed_ = false;
  std::optional<caf::typed_response_promise<messages::OutputClosed>> closing_;
  caf::actor_clock::time_point close_deadline_;
};

} // namespace

SuccessorFactory<ProducerActor> producers(caf::actor_system& system,
                                          ProducerParameters parameters) {
  return [&system, state = std::make_shared<SurvivingState<Producer>>(
                     std::move(parameters))](logic::Incarnation incarnation) {
    return spawn_successor<ProducerActor>(system, state, incarnation);
  };
}

} // namespace millrace::actors
