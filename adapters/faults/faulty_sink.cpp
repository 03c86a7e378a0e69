#include "adapters/faults/faulty_sink.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace millrace::adapters::faults {

namespace {

using logic::DeliveryFailure;
using logic::DeliveryFault;

constexpr auto failed_text = "fault on purpose: delivery failed";
constexpr auto fenced_text = "fault on purpose: fenced";

void move_to_end(std::vector<DeliveryFailure>& reported,
                 std::vector<DeliveryFailure>& failures) {
  reported.insert(reported.end(), std::make_move_iterator(failures.begin()),
                  std::make_move_iterator(failures.end()));
  failures.clear();
}

class FaultySink final : public logic::RecordSink {
public:
  FaultySink(std::unique_ptr<logic::RecordSink> sink,
             std::shared_ptr<ClientFaults> client_faults)
    : sink_(std::move(sink)), client_faults_(std::move(client_faults)),
      wake_(std::make_shared<WakeRelay>()),
      fence_(client_faults_->add_fence(wake_)) {}

  FaultySink(const FaultySink&) = delete;
  FaultySink& operator=(const FaultySink&) = delete;
  ~FaultySink() override { wake_->set({}); }

  void on_ready(std::function<void()> wake) override;
  std::size_t send(std::span<const logic::OutgoingRecord> records) override;
  void take_reports(logic::DeliveryReports& reports) override;
  std::size_t queued_records() const override {
    return sink_->queued_records() + failed_.size() + fenced_off_.size();
  }
  logic::TimestampBounds
  timestamp_bounds(logic::Destination destination) const override {
    return sink_->timestamp_bounds(destination);
  }
  logic::Transactions* transactions() override { return sink_->transactions(); }
  void hurry() override { sink_->hurry(); }
  void close(std::chrono::milliseconds deadline) override;

private:
  bool closed() const noexcept { return fence_ == nullptr; }
  std::size_t send_some(std::span<const logic::OutgoingRecord> records);
  std::size_t
  first_to_fail(std::span<const logic::OutgoingRecord> records) const;
  void lose_some(std::vector<logic::DeliveryReports::Delivered>& delivered);
  void report_fence(logic::DeliveryReports& reports);

  std::unique_ptr<logic::RecordSink> sink_;
  std::shared_ptr<ClientFaults> client_faults_;
  std::shared_ptr<WakeRelay> wake_;
  std::shared_ptr<Fence> fence_; ///< null once closed
  bool fence_announced_ = false;
  std::vector<DeliveryFailure> failed_; ///< not reported yet
  std::vector<DeliveryFailure> fenced_off_; ///< not reported yet
};

void FaultySink::on_ready(std::function<void()> wake) {
  if (closed())
    return;
  wake_->set(std::move(wake));
  sink_->on_ready([relay = wake_] { relay->raise(); });
  wake_->raise(); // for what came before
}

std::size_t FaultySink::send(std::span<const logic::OutgoingRecord> records) {
  if (closed())
    return sink_->send(records);
  const auto held_before = failed_.size() + fenced_off_.size();
  const auto taken = send_some(records);
  if (failed_.size() + fenced_off_.size() != held_before)
    wake_->raise();
  return taken;
}

std::size_t
FaultySink::send_some(std::span<const logic::OutgoingRecord> records) {
  std::size_t taken = 0;
  while (taken != records.size()) {
    const auto rest = records.subspan(taken);
    const auto& token = rest.front().token;
    if (fence_->is_shut()) {
      fenced_off_.push_back({token, DeliveryFault::fatal, fenced_text});
      ++taken;
      continue;
    }
    const auto length = first_to_fail(rest);
    if (length != 0) {
      const auto sent = sink_->send(rest.first(length));
      taken += sent;
      if (sent != length)
        break;
    } else if (client_faults_->failing_deliveries().take(1) != 0) {
      failed_.push_back({token, DeliveryFault::transient, failed_text});
      ++taken;
    }
  }
  return taken;
}

std::size_t FaultySink::first_to_fail(
  std::span<const logic::OutgoingRecord> records) const {
  if (!client_faults_->failing_deliveries().any())
    return records.size();
  const auto found = std::find_if(
    records.begin(), records.end(), [](const auto& record) {
      return record.destination == logic::Destination::output;
    });
  return static_cast<std::size_t>(found - records.begin());
}

void FaultySink::take_reports(logic::DeliveryReports& reports) {
  wake_->rearm();
  sink_->take_reports(reports);
  lose_some(reports.delivered);
  move_to_end(reports.failed, failed_);
  report_fence(reports);
}

void FaultySink::lose_some(
  std::vector<logic::DeliveryReports::Delivered>& delivered) {
  if (!client_faults_->lost_reports().any())
    return;
  std::erase_if(delivered, [this](auto& report) {
    report.count -= client_faults_->lost_reports().take(report.count);
    return report.count == 0;
  });
}

void FaultySink::report_fence(logic::DeliveryReports& reports) {
  if (closed()) {
    move_to_end(reports.failed, fenced_off_);
    return;
  }
  if (!fence_->is_shut() || sink_->queued_records() != 0)
    return; // what is on its way wakes the owner
  move_to_end(reports.failed, fenced_off_);
  if (!std::exchange(fence_announced_, true))
    reports.events.push_back({logic::ClientEvent::Kind::failed,
                              {},
                              {logic::ErrorCode::fenced, fenced_text}});
}

void FaultySink::close(std::chrono::milliseconds deadline) {
  fence_.reset();
  wake_->set({});
  sink_->close(deadline);
}

} // namespace

std::unique_ptr<logic::RecordSink>
make_faulty_sink(std::unique_ptr<logic::RecordSink> sink,
                 std::shared_ptr<ClientFaults> client_faults) {
  return std::make_unique<FaultySink>(std::move(sink),
                                      std::move(client_faults));
}

} // namespace millrace::adapters::faults
