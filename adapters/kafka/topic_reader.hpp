#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/core/ids.hpp"
#include "logic/core/result.hpp"
#include "logic/records/record_batch.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// The half-open range of offsets `[low, high)` of one partition.
struct PartitionExtent {
  logic::PartitionId partition;
  logic::Offset low;
  logic::Offset high;
};

/// The extents of a topic's partitions, in partition order.
using TopicExtent = std::vector<PartitionExtent>;

/// Called for each record; the view lives until it returns. False ends the
/// reading early.
using RecordVisitor
  = std::function<bool(logic::PartitionId, const logic::RecordView&)>;

/// Asked some ten times a second while nothing comes; true ends the reading
/// early.
using StopAsked = std::function<bool()>;

/// Reads topics from end to end without a consumer group. One thread.
class TopicReader {
public:
  static logic::Result<std::unique_ptr<TopicReader>>
  open(const KafkaConfig& config);

  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;
  ~TopicReader();

  /// Asks the brokers for low and high watermarks; blocks for at most
  /// `deadline`. `not_found` for an unknown topic.
  logic::Result<TopicExtent> extent(const std::string& topic,
                                    std::chrono::milliseconds deadline);

  /// Visits the records of these ranges, each partition in offset order,
  /// partitions interleaved, and returns how many. Offsets that hold no
  /// record (compacted, transaction markers) are passed over. `timed_out`
  /// when nothing comes for `stall_limit`; `not_found` when a range's start
  /// is no longer retained.
  logic::Result<std::uint64_t>
  read(const std::string& topic, std::span<const PartitionExtent> ranges,
       const RecordVisitor& visit, std::chrono::milliseconds stall_limit,
       const StopAsked& stop_asked = {});

private:
  class State;
  explicit TopicReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace millrace::adapters::kafka
