#pragma once

#include "adapters/kafka/kafka_sink.hpp"
#include "adapters/kafka/kafka_source.hpp"
#include "bench/measurement.hpp"
#include "logic/delivery/record_sink.hpp"
#include "logic/intake/record_source.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace millrace::bench {

using adapters::kafka::open_kafka_sink;
using adapters::kafka::open_kafka_source;

/// Waits for a port's wake-up.
class Waker {
public:
  void wake() {
    const std::lock_guard guard{mutex_};
    woken_ = true;
    ready_.notify_one();
  }
  void wait() {
    std::unique_lock lock{mutex_};
    ready_.wait_for(lock, 100ms, [this] { return woken_; });
    woken_ = false;
  }

private:
  std::mutex mutex_;
  std::condition_variable ready_;
  bool woken_ = false;
};

/// Through KafkaSource, KafkaSink or both, as the mode says.
class AdapterRun {
public:
  explicit AdapterRun(const Options& options)
    : options_(options), reads_(options.mode != "produce"),
      writes_(options.mode != "consume") {
    const auto config = to_config(options);
    if (reads_) {
      source_ = unwrap(open_kafka_source(config, logic::MemoryPlan{}));
      source_->on_ready([this] { waker_.wake(); });
    }
    if (writes_) {
      sink_ = unwrap(open_kafka_sink(config, {}));
      sink_->on_ready([this] { waker_.wake(); });
    }
    logic::RecordBatch::Builder builder{options.in, logic::PartitionId{0},
                                        logic::AssignmentEpoch{1}};
    const std::string value(value_bytes, 'x');
    for (std::size_t index = 0; index != batch_records; ++index)
      builder.append({logic::Offset{static_cast<std::int64_t>(index)},
                      1'700'000'000'000,
                      std::nullopt,
                      value,
                      {}});
    same_ = builder.finish();
  }

  void run() {
    Measurement measurement{options_};
    while (finished() < options_.count) {
      measurement.progress(finished());
      if (!step())
        waker_.wait();
    }
    measurement.print();
  }

private:
  std::int64_t finished() const { return writes_ ? delivered_ : taken_; }

  /// False when there was nothing to do.
  bool step() {
    bool moved = false;
    if (source_)
      source_->take_events();
    if (unsent_ == nullptr && taken_ < options_.count
        && (!sink_ || sink_->queued_records() < max_in_flight)) {
      auto batch = source_ ? source_->take_batch({}, nullptr) : same_;
      if (batch) {
        moved = true;
        taken_ += static_cast<std::int64_t>(batch->size());
        if (writes_)
          prepare(std::move(batch));
      }
    }
    if (unsent_)
      moved = send() || moved;
    if (sink_) {
      sink_->take_reports(reports_);
      for (const auto& each : reports_.delivered) {
        delivered_ += each.count;
        count_finished(each.slot, each.count);
        moved = true;
      }
      for (const auto& each : reports_.failed)
        fail(each.text);
    }
    return moved;
  }

  void prepare(logic::RecordBatchPtr batch) {
    records_.clear();
    for (std::size_t index = 0; index != batch->size(); ++index) {
      const auto view = (*batch)[index];
      auto& record = records_.emplace_back();
      record.token = {next_slot_, static_cast<std::uint32_t>(index)};
      record.source_partition = logic::PartitionId{
        source_ ? batch->partition().value
                : static_cast<std::int32_t>(next_slot_ % 4)};
      record.key = view.key;
      record.value = view.value;
      record.timestamp_ms = view.timestamp_ms;
    }
    ++next_slot_;
    held_.push_back({batch, batch->size()});
    unsent_ = std::move(batch);
    first_unsent_ = 0;
  }

  bool send() {
    const auto sent = sink_->send(std::span{records_}.subspan(first_unsent_));
    first_unsent_ += sent;
    if (first_unsent_ == records_.size())
      unsent_ = nullptr;
    return sent != 0;
  }

  void count_finished(std::uint32_t slot, std::uint32_t count) {
    const auto index = static_cast<std::size_t>(slot - first_slot_);
    if (index < held_.size())
      held_[index].left -= count;
    while (!held_.empty() && held_.front().left == 0) {
      held_.pop_front();
      ++first_slot_;
    }
  }

  struct Held {
    logic::RecordBatchPtr batch;
    std::size_t left = 0;
  };

  const Options& options_;
  bool reads_;
  bool writes_;
  Waker waker_;
  std::unique_ptr<logic::RecordSource> source_;
  std::unique_ptr<logic::RecordSink> sink_;
  logic::RecordBatchPtr same_;
  logic::RecordBatchPtr unsent_;
  std::size_t first_unsent_ = 0;
  std::vector<logic::OutgoingRecord> records_;
  logic::DeliveryReports reports_;
  std::deque<Held> held_;
  std::uint32_t first_slot_ = 0;
  std::uint32_t next_slot_ = 0;
  std::int64_t taken_ = 0;
  std::int64_t delivered_ = 0;
};

} // namespace millrace::bench
