#include "logic/delivery/insight_publisher.hpp"

#include <utility>
#include <vector>

namespace millrace::logic {

bool InsightPublisher::hand_over(RecordSink& sink, const Json& json,
                                 std::int64_t wall_ms) {
  const auto slot = first_slot + next_++ % 0xFFFFU;
  OutgoingRecord record;
  record.token.slot = slot;
  record.destination = Destination::insights;
  record.value = *json;
  record.timestamp_ms = wall_ms;
  if (sink.send({&record, 1}) == 0)
    return false;
  sent_.insert_or_assign(slot, json);
  return true;
}

bool InsightPublisher::send(RecordSink& sink,
                            std::shared_ptr<const std::string> json,
                            TimePoint now, std::int64_t wall_ms) {
  if (!circuit_.allows(now))
    return false;
  if (hand_over(sink, json, wall_ms))
    return true;
  circuit_.on_failure(now);
  return false;
}

void InsightPublisher::send_again(RecordSink& sink, std::int64_t wall_ms) {
  while (!kept_.empty() && hand_over(sink, kept_.front(), wall_ms))
    kept_.pop_front();
}

InsightPublisher::Outcome
InsightPublisher::apply_reports(DeliveryReports& reports, TimePoint now) {
  Outcome outcome;
  std::erase_if(reports.delivered, [&](const auto& report) {
    if (report.slot < first_slot)
      return false;
    sent_.erase(report.slot);
    circuit_.on_success(now);
    ++outcome.published;
    return true;
  });
  std::erase_if(reports.failed, [&](const auto& failure) {
    if (failure.token.slot < first_slot)
      return false;
    const auto entry = sent_.extract(failure.token.slot);
    const bool neighbour = failure.blame == Blame::neighbour;
    if (neighbour && keeps_ && entry && kept_.size() < max_kept) {
      kept_.push_back(entry.mapped());
      return true;
    }
    if (!neighbour)
      circuit_.on_failure(now);
    outcome.failure = failure.text;
    return true;
  });
  return outcome;
}

} // namespace millrace::logic
