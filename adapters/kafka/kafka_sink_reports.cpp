#include "adapters/kafka/delivery_fault.hpp"
#include "adapters/kafka/kafka_sink_client.hpp"
#include "adapters/kafka/message_fields.hpp"
#include "adapters/kafka/send_token_opaque.hpp"

#include <numeric>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

constexpr int gap_look_ms = 2;
/// In a transaction the client reports what it gives up for a refusal before
/// that, but next to it.
constexpr int reason_look_ms = 20;

} // namespace

void KafkaSink::take_reports(logic::DeliveryReports& reports) {
  reports.clear();
  if (!client_) {
    std::swap(reports, last_reports_);
    if (failure_)
      reports.events.push_back({logic::ClientEvent::Kind::failed,
                                {},
                                *std::exchange(failure_, std::nullopt)});
    return;
  }
  if (failure_)
    reports.events.push_back({logic::ClientEvent::Kind::failed,
                              {},
                              *std::exchange(failure_, std::nullopt)});
  wake_.rearm();
  std::swap(reports.failed, refused_);
  queued_ -= reports.failed.size();
  // The rest of what a gap brings back tells nobody that it comes.
  int wait_ms = gap_ ? gap_look_ms : 0;
  while (const EventPtr event{rd_kafka_queue_poll(queue_.get(), wait_ms)}) {
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR)
      on_reports(event.get(), reports);
    else if (!topics_->on_event(event.get(), *watch_, reports.events))
      watch_->on_event(event.get(), reports.events);
    if (thread_)
      wait_ms = lacks_reason(reports) ? reason_look_ms : 0;
  }
  if (lacks_reason(reports))
    give_reason(reports);
  watch_->tick(reports.events);
  topics_->tick();
  if (thread_ && transaction_ == Transaction::aborting)
    give_up_reports(reports);
  // What befell records goes before what befell their transaction.
  if (thread_ && (transaction_ != Transaction::aborting || queued_ == 0))
    if (const auto outcome = thread_->take_outcome())
      on_outcome(*outcome, reports);
  if (transaction_ == Transaction::none && !(thread_ && thread_->busy()))
    fits_topics();
  ask_again_when_due();
}

void KafkaSink::on_reports(rd_kafka_event_t* event,
                           logic::DeliveryReports& reports) {
  bool delivered = false;
  refused_messages_.clear();
  failed_messages_.clear();
  while (const auto* message = rd_kafka_event_message_next(event)) {
    --queued_;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      delivered = true;
      on_delivered(*message, reports);
      continue;
    }
    refused_messages_.push_back(message->err);
    failed_messages_.push_back(message);
  }
  if (!failed_messages_.empty() && !thread_ && has_gap(client_.get()))
    gap_ = true;
  on_failed(rd_kafka_event_error(event), reports);
  if (delivered)
    watch_->on_contact(reports.events);
}

void KafkaSink::on_delivered(const rd_kafka_message_t& message,
                             logic::DeliveryReports& reports) const {
  const auto token = to_token(message._private);
  const auto destination = topics_->destination_of(message.rkt);
  if (reports.delivered.empty() || reports.delivered.back().slot != token.slot
      || reports.delivered.back().destination != destination)
    reports.delivered.push_back({token.slot, 0, destination});
  ++reports.delivered.back().count;
}

void KafkaSink::on_failed(rd_kafka_resp_err_t error,
                          logic::DeliveryReports& reports) {
  const RefusedRequest request{error, refused_messages_};
  if (failed_messages_.size() > 1
      && request.fault(refused_messages_.front())
           == logic::DeliveryFault::too_large)
    topics_->on_too_large(
      topics_->destination_of(failed_messages_.front()->rkt),
      std::accumulate(failed_messages_.begin(), failed_messages_.end(),
                      std::int64_t{0}, [](std::int64_t sum, const auto* each) {
                        return sum + request_bytes(*each);
                      }));
  for (const auto* message : failed_messages_) {
    const auto refused = message->err;
    if (hints_at_topic(refused))
      topics_->refresh();
    if (request.fault(refused) == logic::DeliveryFault::too_large)
      topics_->refresh_limits();
    const auto destination = topics_->destination_of(message->rkt);
    auto& topic = topics_->at(destination);
    // Where its policy may not be asked for.
    if (request.is_alone() && refused == RD_KAFKA_RESP_ERR_INVALID_RECORD
        && message->key == nullptr && !topic.limits.known)
      topic.limits.compacted = true;
    logic::DeliveryFailure failure{
      to_token(message->_private),
      request.fault(refused),
      produce_error_text(refused, refusal_hint(*message, topic)),
      lacks_key(*message, topic) ? logic::Blame::record
                                 : request.blame(refused),
      destination,
      rd_kafka_err2name(refused)};
    if ((gap_ || transaction_ == Transaction::open)
        && refused == RD_KAFKA_RESP_ERR__PURGE_QUEUE) {
      failure.fault = logic::DeliveryFault::record;
      failure.blame = logic::Blame::neighbour;
    }
    reports.failed.push_back(std::move(failure));
  }
}

} // namespace millrace::adapters::kafka
