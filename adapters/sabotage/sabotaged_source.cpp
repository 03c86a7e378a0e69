#include "adapters/sabotage/sabotaged_source.hpp"

#include <utility>
#include <vector>

namespace millrace::adapters::sabotage {

namespace {

using Kind = logic::SourceEvent::Kind;

class SabotagedSource final : public logic::RecordSource {
public:
  SabotagedSource(std::unique_ptr<logic::RecordSource> source,
                  std::shared_ptr<Sabotage> sabotage)
    : source_(std::move(source)), sabotage_(std::move(sabotage)),
      wake_(std::make_shared<WakeRelay>()) {}

  SabotagedSource(const SabotagedSource&) = delete;
  SabotagedSource& operator=(const SabotagedSource&) = delete;
  ~SabotagedSource() override { wake_->set({}); }

  void on_ready(std::function<void()> wake) override;
  std::vector<logic::SourceEvent> take_events() override;

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

  std::vector<logic::PartitionLag> high_watermarks() override {
    return source_->high_watermarks();
  }

  void close(std::chrono::milliseconds deadline) override;

private:
  std::unique_ptr<logic::RecordSource> source_;
  std::shared_ptr<Sabotage> sabotage_;
  std::shared_ptr<WakeRelay> wake_;
  std::vector<logic::SourceEvent> uncommitted_; ///< not taken yet
  bool closed_ = false;
};

void SabotagedSource::on_ready(std::function<void()> wake) {
  if (closed_)
    return;
  wake_->set(std::move(wake));
  source_->on_ready([relay = wake_] { relay->raise(); });
  wake_->raise(); // for what came before
}

std::vector<logic::SourceEvent> SabotagedSource::take_events() {
  wake_->rearm();
  auto events = std::exchange(uncommitted_, {});
  for (auto& event : source_->take_events())
    events.push_back(std::move(event));
  return events;
}

logic::Result<void>
SabotagedSource::commit(std::span<const logic::PartitionOffset> offsets,
                        std::chrono::milliseconds wait) {
  if (closed_ || sabotage_->failing_commits().take(1) == 0)
    return source_->commit(offsets, wait);
  logic::Error error{logic::ErrorCode::unavailable,
                     "fault on purpose: commit failed"};
  if (wait.count() > 0)
    return error;
  uncommitted_.push_back({Kind::uncommitted, {}, std::move(error)});
  wake_->raise();
  return {};
}

void SabotagedSource::close(std::chrono::milliseconds deadline) {
  closed_ = true;
  wake_->set({});
  source_->close(deadline);
}

} // namespace

std::unique_ptr<logic::RecordSource>
sabotage_source(std::unique_ptr<logic::RecordSource> source,
                std::shared_ptr<Sabotage> sabotage) {
  return std::make_unique<SabotagedSource>(std::move(source),
                                           std::move(sabotage));
}

} // namespace millrace::adapters::sabotage
