#include "actors/delivery/producer_work.hpp"

#include <utility>

/// What became of the records that were sent.
namespace millrace::actors {

using logic::OutboxNotice;

void Producer::take_reports() {
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

void Producer::advance_transactions() {
  const auto news = transactions_->advance(reports_, outbox_, insights_, *sink_,
                                           outbox_clock_);
  if (news.lost_track)
    tell_of_lost_commits(news.error);
  if (!news.committed.empty())
    tell(self_, parameters_.consumer,
         messages::OffsetsCommitted{news.committed});
}

void Producer::tell_of_lost_commits(const logic::Error& error) {
  if (!transactions_)
    return;
  const auto& in_doubt = transactions_->cycle().in_doubt();
  if (!in_doubt.empty())
    tell(self_, parameters_.consumer,
         messages::CommitsLost{error, {in_doubt.begin(), in_doubt.end()}});
}

void Producer::look_for_lost_reports() {
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

void Producer::apply_reports(caf::actor_clock::time_point now) {
  for (const auto& failure : reports_.failed)
    if (failure.blame != logic::Blame::neighbour) // nothing failed of it
      metrics_.count_delivery_failures(to_string(failure.destination),
                                       failure.error, 1);
  const auto outcome = insights_.apply_reports(reports_, now);
  metrics_.insights_published.Increment(static_cast<double>(outcome.published));
  if (!outcome.failure.empty())
    log_.limited(now, logic::LogLevel::warn, name,
                 "an insight was not delivered", {{"error", outcome.failure}});
  insights_gauge_.Set(static_cast<double>(insights_.circuit(now)));
  log_failed_deliveries(log_, outbox_, reports_);
  outbox_.apply_reports(reports_, now);
  look_at_circuits(now);
}

void Producer::look_at_circuits(caf::actor_clock::time_point now) {
  using logic::Destination;
  const bool closed = output_circuit_.words(now).state
                      == logic::CircuitState::closed;
  output_circuit_.look_at(
    reports_, !closed && outbox_.waits_for(Destination::output), now);
  if (const auto until = dead_letter_circuit_.look_at(reports_, now))
    outbox_.hold(Destination::dead_letters, *until);
}

void Producer::tell_partly_finished() {
  if (outbox_clock_ < partly_told_ + tick_interval)
    return;
  partly_told_ = outbox_clock_;
  for (const auto& [ticket, next] : outbox_.take_partly_delivered())
    tell(self_, parameters_.dispatcher,
         messages::BatchPartlyFinished{ticket, next});
}

void Producer::finish(const logic::DeliveredBatch& batch) {
  const std::chrono::duration<double> took = self_->clock().now()
                                             - batch.ticket.read_at;
  if (batch.outputs != 0)
    metrics_.processed(Outcome::success, batch.outputs, took.count());
  if (batch.dead_letters != 0)
    metrics_.processed(Outcome::failure, batch.dead_letters, took.count());
  tell(self_, parameters_.dispatcher, messages::BatchFinished{batch.ticket});
}

void Producer::announce(const OutboxNotice& notice) {
  if (notice.kind == OutboxNotice::Kind::client_failed)
    return fail({logic::ErrorCode::fatal_client, notice.text});
  if (notice.kind == OutboxNotice::Kind::stuck)
    ++stuck_;
  log_notice(log_, self_->clock().now(), notice);
}

void Producer::announce(const logic::ClientEvent& event) {
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

void Producer::fail(const logic::Error& error) {
  if (std::exchange(client_failed_, true))
    return;
  metrics_.count_error(name, error.code);
  if (error.code == logic::ErrorCode::fenced)
    metrics_.fenced[FencedClient::producer].Increment();
  log_.fatal(name, "the Kafka producer failed for good",
             {{"error", error.text}});
  self_->quit(messages::to_caf_error(error));
}

} // namespace millrace::actors
