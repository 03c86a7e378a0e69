#include "tests/simulation/simulated_kafka.hpp"

#include "tests/simulation/simulated_transactions.hpp"

namespace millrace::tests {

void SinkScript::report(const HeldBack& answered) {
  const auto& [token, destination, outcome] = answered;
  if (outcome.delivered)
    reports.delivered.push_back({token.slot, 1, destination});
  else
    reports.failed.push_back(
      {token, outcome.fault, outcome.text, outcome.blame, destination});
}

void SinkScript::resume() {
  stalled = false;
  for (const auto& each : std::exchange(held_back, {}))
    report(each);
  if (wake)
    wake();
}

std::size_t
SimulatedSink::send(std::span<const logic::OutgoingRecord> records) {
  std::size_t taken = 0;
  for (const auto& record : records) {
    if (script_->held_back.size() >= script_->capacity)
      break;
    script_->sent.push_back({record.token, record.destination,
                             std::string{record.key.value_or("")},
                             std::string{record.value.value_or("")},
                             std::string{record.headers}, record.timestamp_ms});
    const auto answer = script_->answer(script_->sent.back());
    if (script_->stalled)
      script_->held_back.push_back({record.token, record.destination, answer});
    else
      script_->report({record.token, record.destination, answer});
    ++taken;
  }
  if (script_->wake && !script_->stalled)
    script_->wake();
  return taken;
}

void SimulatedSink::take_reports(logic::DeliveryReports& reports) {
  reports = std::exchange(script_->reports, {});
  reports.events = std::exchange(script_->events, {});
  if (script_->transactions)
    reports.transactions = script_->transactions->take_reports();
}

logic::Transactions* SimulatedSink::transactions() {
  return script_->transactions.get();
}

std::size_t SimulatedSink::queued_records() const {
  auto queued = script_->held_back.size() + script_->reports.failed.size();
  for (const auto& report : script_->reports.delivered)
    queued += report.count;
  return queued;
}

void SimulatedSink::close(std::chrono::milliseconds) {
  script_->closed = true;
  for (const auto& each : std::exchange(script_->held_back, {}))
    script_->report({each.token,
                     each.destination,
                     {false, logic::DeliveryFault::outage, "purged"}});
}

logic::RecordBatchPtr make_batch(const std::vector<std::string>& values,
                                 std::int64_t first, std::int32_t partition,
                                 std::uint64_t epoch, std::string topic) {
  logic::RecordBatch::Builder builder{std::move(topic),
                                      logic::PartitionId{partition},
                                      logic::AssignmentEpoch{epoch}};
  for (const auto& value : values) {
    const auto key = "k" + std::to_string(first);
    logic::RecordView record;
    record.offset = logic::Offset{first++};
    record.timestamp_ms = 1'720'000'000'000;
    record.key = key;
    record.value = value;
    builder.append(record);
  }
  return builder.finish();
}

std::string login_json(std::string_view user, std::string_view ip) {
  return R"({"user_id": ")" + std::string{user}
         + R"(", "app_version": "2.3.0", "ip": ")" + std::string{ip}
         + R"(", "locale": "WA", "device_id": "d-1", )"
           R"("timestamp": 1720589697, "device_type": "iOS"})";
}

} // namespace millrace::tests
