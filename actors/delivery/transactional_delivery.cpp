#include "actors/delivery/transactional_delivery.hpp"

#include "logic/core/actor_table.hpp"

#include <utility>

namespace millrace::actors {

namespace {

constexpr auto component = name_of(logic::ActorKind::producer);
/// The next tells nearly the same; what no transaction takes for long is let
/// go.
constexpr std::size_t max_insights = 64;

logic::TransactionCycle::Limits limits(const DeliveryConfig& config) {
  return {config.transaction_interval,
          config.transaction_timeout / 2,
          {config.retry_backoff, config.retry_backoff_max}};
}

} // namespace

TransactionalDelivery::TransactionalDelivery(const DeliveryConfig& config,
                                             Metrics& metrics, logic::Log& log)
  : metrics_(metrics), log_(log), cycle_(limits(config)) {}

bool TransactionalDelivery::may_send(logic::RecordSink& sink, bool records,
                                     TimePoint now) {
  const bool wanted = records || !waiting_.empty() || cycle_.has_offsets();
  return (wanted || !cycle_.idle())
         && cycle_.may_send(*sink.transactions(), now);
}

void TransactionalDelivery::add_insight(
  std::shared_ptr<const std::string> json) {
  waiting_.push_back(std::move(json));
  if (waiting_.size() > max_insights)
    waiting_.pop_front();
}

void TransactionalDelivery::send_insights(logic::InsightPublisher& publisher,
                                          logic::RecordSink& sink,
                                          TimePoint now, std::int64_t wall_ms) {
  while (!waiting_.empty()
         && publisher.send(sink, waiting_.front(), now, wall_ms)) {
    sent_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  // Its topic takes none at the moment, and nothing waits for that.
  waiting_.clear();
}

TransactionalDelivery::News
TransactionalDelivery::advance(const logic::DeliveryReports& reports,
                               logic::Outbox& outbox,
                               logic::InsightPublisher& publisher,
                               logic::RecordSink& sink, TimePoint now) {
  auto news = cycle_.advance(reports, outbox, *sink.transactions(),
                             publisher.under_way(), now);
  if (news.ended) {
    metrics_.commits[CommitOutcome::success].Increment();
    metrics_.transactions[TransactionOutcome::committed].Increment();
    sent_.clear();
  }
  if (!news.aborted.empty()) {
    metrics_.commits[CommitOutcome::failure].Increment();
    metrics_.transactions[TransactionOutcome::aborted].Increment();
    log_.limited(now, logic::LogLevel::warn, component,
                 "a transaction was aborted, and its records are sent again",
                 {{"error", news.aborted}});
    keep_insights(publisher);
  }
  if (news.lost_track) {
    metrics_.commits[CommitOutcome::fenced].Increment();
    metrics_.transactions[TransactionOutcome::lost].Increment();
    log_.error(component,
               "nobody can say whether a transaction was committed; the group "
               "is asked where to read on",
               {{"error", news.error.text}});
    publisher.drop();
    sent_.clear();
  }
  return news;
}

void TransactionalDelivery::start_over(logic::Outbox& outbox,
                                       logic::InsightPublisher& publisher,
                                       TimePoint now) {
  cycle_.start_over(outbox, now);
  keep_insights(publisher);
}

void TransactionalDelivery::keep_insights(logic::InsightPublisher& publisher) {
  publisher.drop();
  while (!sent_.empty()) {
    waiting_.push_front(std::move(sent_.back()));
    sent_.pop_back();
  }
}

} // namespace millrace::actors
