#include "logic/delivery/insight_publisher.hpp"

#include <utility>
#include <vector>

namespace millrace::logic {

bool InsightPublisher::send(RecordSink& sink,
                            std::shared_ptr<const std::string> json,
                            TimePoint now, std::int64_t wall_ms) {
  if (!circuit_.allows(now))
    return false;
  const auto slot = first_slot + next_++ % 0xFFFFU;
  OutgoingRecord record;
  record.token.slot = slot;
  record.destination = Destination::insights;
  record.value = *json;
  record.timestamp_ms = wall_ms;
  if (sink.send({&record, 1}) == 0) {
    circuit_.on_failure(now);
    return false;
  }
  sent_.insert_or_assign(slot, std::move(json));
  return true;
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
    sent_.erase(failure.token.slot);
    if (failure.blame != Blame::neighbour)
      circuit_.on_failure(now);
    outcome.failure = failure.text;
    return true;
  });
  return outcome;
}

} // namespace millrace::logic
