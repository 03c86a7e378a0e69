#include "adapters/faults/faulty_source.hpp"

#include <utility>
#include <vector>

namespace millrace::adapters::faults {

namespace {

using Kind = logic::ClientEvent::Kind;

class FaultySource final : public logic::RecordSource {
public:
  FaultySource(std::unique_ptr<logic::RecordSource> source,
               std::shared_ptr<ClientFaults> client_faults)
    : source_(std::move(source)), client_faults_(std::move(client_faults)),
      wake_(std::make_shared<WakeRelay>()) {}

  FaultySource(const FaultySource&) = delete;
  FaultySource& operator=(const FaultySource&) = delete;
  ~FaultySource() override { wake_->set({}); }

  void on_ready(std::function<void()> wake) override;
  std::vector<logic::ClientEvent> take_events() override;

  logic::RecordBatchPtr
  take_batch(const logic::BatchLimits& limits,
             const std::function<bool(logic::PartitionId)>& accepts) override {
    wake_->rearm();
    return source_->take_batch(limits, accepts);
  }

  void release(std::span<const logic::PartitionEpoch> partitions) override {
    source_->release(partitions);
  }

  logic::Result<void> commit(std::span<const logic::PartitionOffset> offsets,
                             std::chrono::milliseconds wait) override;

  logic::GroupMembershipPtr take_membership() override {
    return source_->take_membership();
  }
  void
  note_committed(std::span<const logic::PartitionOffset> offsets) override {
    source_->note_committed(offsets);
  }

  std::vector<logic::PartitionLag> high_watermarks() override {
    return source_->high_watermarks();
  }

  bool places_known() const override { return source_->places_known(); }
  bool close(std::chrono::milliseconds deadline) override;

private:
  std::unique_ptr<logic::RecordSource> source_;
  std::shared_ptr<ClientFaults> client_faults_;
  std::shared_ptr<WakeRelay> wake_;
  std::vector<logic::ClientEvent> uncommitted_; ///< not taken yet
  bool closed_ = false;
};

void FaultySource::on_ready(std::function<void()> wake) {
  if (closed_)
    return;
  wake_->set(std::move(wake));
  source_->on_ready([relay = wake_] { relay->raise(); });
  wake_->raise(); // for what came before
}

std::vector<logic::ClientEvent> FaultySource::take_events() {
  wake_->rearm();
  auto events = std::exchange(uncommitted_, {});
  for (auto& event : source_->take_events())
    events.push_back(std::move(event));
  return events;
}

logic::Result<void>
FaultySource::commit(std::span<const logic::PartitionOffset> offsets,
                     std::chrono::milliseconds wait) {
  if (closed_ || client_faults_->failing_commits().take(1) == 0)
    return source_->commit(offsets, wait);
  logic::Error error{logic::ErrorCode::unavailable,
                     "fault on purpose: commit failed"};
  if (wait.count() > 0)
    return error;
  uncommitted_.push_back({Kind::uncommitted, {}, std::move(error)});
  wake_->raise();
  return {};
}

bool FaultySource::close(std::chrono::milliseconds deadline) {
  closed_ = true;
  wake_->set({});
  return source_->close(deadline);
}

} // namespace

std::unique_ptr<logic::RecordSource>
make_faulty_source(std::unique_ptr<logic::RecordSource> source,
                   std::shared_ptr<ClientFaults> client_faults) {
  return std::make_unique<FaultySource>(std::move(source),
                                        std::move(client_faults));
}

} // namespace millrace::adapters::faults
