#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/core/ids.hpp"
#include "logic/core/result.hpp"
#include "logic/delivery/delivery_reports.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::adapters::kafka {

/// A record to write; everything is copied.
struct TopicRecord {
  /// Absent: by key, or anywhere for a null key.
  std::optional<logic::PartitionId> partition;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::string_view headers; ///< encoded, see logic/records/record_headers.hpp
  std::int64_t timestamp_ms = -1; ///< -1: now
  std::uintptr_t token = 0; ///< names it in its report
};

/// What became of one record.
struct WriteReport {
  std::uintptr_t token = 0;
  std::optional<logic::DeliveryFault> fault; ///< nothing: it is delivered
  std::string error; ///< where it is not: what was attempted, and why not
};

struct TopicWriterLimits {
  std::size_t max_queued_records = 100'000;
  std::size_t max_queued_bytes = 64U << 20U;
  bool reports = false; ///< of single records, see `take_reports`
};

struct TopicWriterCounts {
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;
  std::string last_error; ///< the client's words, empty where none failed
};

/// Writes to one topic, for tools and tests. One thread.
class TopicWriter {
public:
  static logic::Result<std::unique_ptr<TopicWriter>>
  open(const KafkaConfig& config, const std::string& topic,
       TopicWriterLimits limits = {});

  TopicWriter(const TopicWriter&) = delete;
  TopicWriter& operator=(const TopicWriter&) = delete;
  /// Drops what is still queued: call `flush` first.
  ~TopicWriter();

  /// Queues without blocking; false when the queue is full (call `poll`, try
  /// again). A record that is refused at once counts as failed.
  bool write(const TopicRecord& record);

  /// Takes in delivery reports; waits up to `wait` for the first.
  void poll(std::chrono::milliseconds wait);

  /// Waits for all reports, at most `deadline`. An error when some are
  /// missing, or when any record failed since the writer was opened.
  logic::Result<void> flush(std::chrono::milliseconds deadline);

  /// What became of single records since the last call, in the order in which
  /// it was told; only where the limits ask for reports.
  std::vector<WriteReport> take_reports();

  const TopicWriterCounts& counts() const noexcept;
  std::size_t queued_records() const noexcept;

private:
  class State;
  explicit TopicWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace millrace::adapters::kafka
