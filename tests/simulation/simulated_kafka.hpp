#pragma once

#include "logic/core/wall_clock.hpp"
#include "logic/delivery/record_sink.hpp"
#include "logic/intake/record_source.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Kafka as the actors see it, in memory and under the test's command.
namespace millrace::tests {

/// What a fake source shows and remembers. Shared with the test, as the
/// source itself belongs to an actor.
struct SourceScript {
  std::deque<logic::ClientEvent> events;
  std::deque<logic::RecordBatchPtr> batches;
  std::vector<logic::PartitionOffset> commits;
  std::vector<logic::PartitionEpoch> released;
  std::vector<logic::PartitionLag> high_watermarks;
  std::function<void()> wake;
  bool closed = false;
  std::chrono::milliseconds close_deadline{};
  bool leaves = true; ///< the group hears of it in time
  bool places_known = true;
  logic::GroupMembershipPtr membership; ///< told once
  /// Answered to commits while set.
  logic::Error commit_error;
};

class SimulatedSource final : public logic::RecordSource {
public:
  explicit SimulatedSource(std::shared_ptr<SourceScript> script)
    : script_(std::move(script)) {}

  void on_ready(std::function<void()> wake) override {
    script_->wake = std::move(wake);
  }

  std::vector<logic::ClientEvent> take_events() override {
    std::vector<logic::ClientEvent> events{script_->events.begin(),
                                           script_->events.end()};
    script_->events.clear();
    return events;
  }

  logic::RecordBatchPtr
  take_batch(const logic::BatchLimits&,
             const std::function<bool(logic::PartitionId)>& accepts) override {
    for (auto batch = script_->batches.begin(); batch != script_->batches.end();
         ++batch)
      if (accepts((*batch)->partition())) {
        auto taken = *batch;
        script_->batches.erase(batch);
        return taken;
      }
    return nullptr;
  }

  void release(std::span<const logic::PartitionEpoch> partitions) override {
    script_->released.insert(script_->released.end(), partitions.begin(),
                             partitions.end());
  }

  logic::Result<void> commit(std::span<const logic::PartitionOffset> offsets,
                             std::chrono::milliseconds) override {
    if (script_->commit_error.code != logic::ErrorCode::none)
      return script_->commit_error;
    script_->commits.insert(script_->commits.end(), offsets.begin(),
                            offsets.end());
    return {};
  }

  logic::GroupMembershipPtr take_membership() override {
    return std::exchange(script_->membership, nullptr);
  }

  std::vector<logic::PartitionLag> high_watermarks() override {
    return script_->high_watermarks;
  }

  bool places_known() const override { return script_->places_known; }

  bool close(std::chrono::milliseconds deadline) override {
    script_->closed = true;
    script_->close_deadline = deadline;
    return script_->leaves;
  }

private:
  std::shared_ptr<SourceScript> script_;
};

/// A record as it arrived at a fake sink.
struct SentRecord {
  logic::SendToken token;
  logic::Destination destination = logic::Destination::output;
  std::string key;
  std::string value;
  std::string headers;
  std::int64_t timestamp_ms = -1;
};

class SimulatedTransactions;

struct SinkScript {
  /// How to answer a record: no fault means delivered.
  struct Answer {
    bool delivered = true;
    logic::DeliveryFault fault = logic::DeliveryFault::transient;
    std::string text;
    logic::Blame blame = logic::Blame::record;
  };

  struct HeldBack {
    logic::SendToken token;
    logic::Destination destination = logic::Destination::output;
    Answer outcome;
  };

  std::vector<SentRecord> sent;
  std::function<Answer(const SentRecord&)> answer = [](const SentRecord&) {
    return Answer{};
  };
  logic::DeliveryReports reports;
  std::vector<logic::ClientEvent> events;
  std::size_t capacity = 1'000'000; ///< records taken and not yet reported
  logic::TimestampBounds bounds;
  bool stalled = false; ///< takes records, reports nothing
  std::vector<HeldBack> held_back;
  std::function<void()> wake;
  bool closed = false;
  /// Null: each record stands for itself.
  std::shared_ptr<SimulatedTransactions> transactions;

  /// Reports what was held back while stalled.
  void resume();
  void report(const HeldBack& answered);
};

class SimulatedSink final : public logic::RecordSink {
public:
  explicit SimulatedSink(std::shared_ptr<SinkScript> script)
    : script_(std::move(script)) {}

  void on_ready(std::function<void()> wake) override {
    script_->wake = std::move(wake);
  }
  std::size_t send(std::span<const logic::OutgoingRecord> records) override;
  void take_reports(logic::DeliveryReports& reports) override;
  std::size_t queued_records() const override;
  logic::TimestampBounds timestamp_bounds(logic::Destination) const override {
    return script_->bounds;
  }
  logic::Transactions* transactions() override;
  void hurry() override {}
  /// Gives up what is held back, as a client does.
  void close(std::chrono::milliseconds) override;

private:
  std::shared_ptr<SinkScript> script_;
};

/// A batch of partition 0 (or another) with these values at consecutive
/// offsets from `first` on; the keys are "k<offset>".
logic::RecordBatchPtr
make_batch(const std::vector<std::string>& values, std::int64_t first = 0,
           std::int32_t partition = 0, std::uint64_t epoch = 1,
           std::string topic = "user-login");

/// A well-formed login event.
std::string login_json(std::string_view user = "u-1",
                       std::string_view ip = "25.67.253.124");

} // namespace millrace::tests
