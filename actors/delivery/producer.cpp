#include "actors/delivery/producer_work.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace millrace::actors {

namespace {

/// Until none is sent for a while. In transactions one is too many: each costs
/// the records that are in it another.
constexpr std::uint32_t insight_failures = 5;
constexpr std::chrono::milliseconds close_wait{1'000};
/// How often it is looked whether the last transaction has ended.
constexpr std::chrono::milliseconds close_look{10};

/// What a transaction gives up is sent again by the next one as a whole.
logic::InsightPublisher insight_publisher(bool in_transactions) {
  using GivenUp = logic::InsightPublisher::GivenUp;
  return in_transactions
           ? logic::InsightPublisher{1, GivenUp::forgotten}
           : logic::InsightPublisher{insight_failures, GivenUp::kept};
}

} // namespace

Producer::Producer(ProducerParameters parameters)
  : parameters_(std::move(parameters)),
    metrics_(*parameters_.surroundings.metrics),
    log_(*parameters_.surroundings.log), outbox_(parameters_.outbox_config()),
    insights_(insight_publisher(parameters_.delivery.exactly_once())),
    output_circuit_(metrics_, log_), dead_letter_circuit_(metrics_, log_),
    insights_gauge_(metrics_.circuit_state("insights")) {
  if (parameters_.delivery.exactly_once())
    transactions_.emplace(parameters_.delivery, metrics_, log_);
}

Producer::~Producer() {
  if (sink_ && !closed_)
    sink_->close(close_wait);
}

logic::Result<void> Producer::provide_client() {
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
  fault_.clear(); // the last one's; what is amiss this one says itself
  return {};
}

void Producer::begin(ProducerActor::pointer self) {
  self_ = self;
  closing_.reset();
  wake_at_.reset();
  sink_->on_ready(wake_up<ProducerActor>(self_));
  tell_of_lost_commits(
    {logic::ErrorCode::fatal_client, "the client died while it committed"});
  schedule_tick();
}

void Producer::tick(messages::Tick) {
  take_reports();
  look_for_lost_reports();
  // It may have died with the one whom it was told.
  tell_of_lost_commits(
    {logic::ErrorCode::fatal_client, "a commit ended nobody knows how"});
  metrics_.pinned_partitions.Set(
    static_cast<double>(pinned_partitions(outbox_).size()));
  schedule_tick();
}

void Producer::take_in(messages::ProduceBatch& order) {
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

bool Producer::fenced(const logic::BatchTicket& ticket) const {
  const auto found = lanes_.find(ticket.lane);
  return found != lanes_.end() && ticket.lane_incarnation < found->second;
}

void Producer::fence(messages::FenceLane order) {
  auto& incarnation = lanes_[order.lane];
  incarnation = std::max(incarnation, order.incarnation);
}

void Producer::check(const messages::CheckDeliveries& question) {
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

void Producer::pump() {
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
  insights_.send_again(*sink_, wall_ms);
  wake_for_retry();
}

void Producer::wake_for_retry() {
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

void Producer::schedule_tick() {
  self_->delayed_send(self_, tick_interval, messages::Tick{});
}

void Producer::note_joined(const messages::GroupJoined& news) {
  if (!transactions_)
    return;
  transactions_->cycle().join(news.member);
  forgotten_.add_all_but(news.held, news.newest);
  auto known = outbox_.partitions();
  for (const auto& [held, resequencer] : resequencers_)
    known.insert(held);
  const auto& in_doubt = transactions_->cycle().in_doubt();
  known.insert(in_doubt.begin(), in_doubt.end());
  for (const auto& each : known)
    if (forgotten_.contains(each.partition, each.epoch))
      forget(each);
}

void Producer::commit_offsets(const messages::CommitOffsets& order) {
  if (!transactions_)
    return;
  const auto done = transactions_->cycle().move(order.offsets);
  if (!done.empty())
    tell(self_, parameters_.consumer, messages::OffsetsCommitted{done});
  pump();
}

void Producer::forget_all(const messages::ForgetPartitions& order) {
  for (const auto& held : order.partitions) {
    forgotten_.add(held);
    forget(held);
  }
}

void Producer::forget(const logic::PartitionEpoch& held) {
  resequencers_.erase(held);
  if (transactions_ && !closed_)
    transactions_->cycle().forget(held, outbox_, *sink_->transactions());
  outbox_.forget(held.partition, held.epoch);
}

void Producer::publish(const messages::PublishInsight& order) {
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

caf::result<messages::OutputClosed>
Producer::close(const messages::CloseOutput& order) {
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

void Producer::finish_closing() {
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

messages::ProducerStatus Producer::status(messages::ReportStatus) {
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

SuccessorFactory<ProducerActor> producers(caf::actor_system& system,
                                          ProducerParameters parameters) {
  return [&system, state = std::make_shared<SurvivingState<Producer>>(
                     std::move(parameters))](logic::Incarnation incarnation) {
    return spawn_successor<ProducerActor>(system, state, incarnation);
  };
}

} // namespace millrace::actors
