#pragma once

#include "logic/core/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace millrace::logic::detection {

/// Counts the owners of a shard over the whole group and its life: whoever
/// comes later has a higher one. Records of an older generation that stand
/// behind the first one of a newer generation come from a former owner that
/// did not know, and do not count.
using StateGeneration = std::uint64_t;

/// One record of a shard's state log. The store does not look inside; of those
/// with the same key it may keep the last one only. An empty value deletes its
/// key: the store may keep neither (in Kafka a record without a value).
struct StateRecord {
  std::string key;
  std::string value;
};

/// This node owns the shard from now on; its log follows as `ShardRecords`,
/// from the oldest to the newest, and ends with `ShardLoaded`.
struct ShardAssigned {
  std::uint32_t shard = 0;
  StateGeneration generation = 0;
};

/// Some more of the log.
struct ShardRecords {
  std::uint32_t shard = 0;
  std::vector<StateRecord> records;
};

/// All that was in the log when the shard was assigned has been handed out.
struct ShardLoaded {
  std::uint32_t shard = 0;
};

/// Another node shall own it: append what is not saved yet, then `release`.
/// With `lost` it is owned by another already, and nothing can be appended.
struct ShardRevoked {
  std::uint32_t shard = 0;
  bool lost = false;
};

/// What `append` was given under that number is safe, or is not.
struct StateAppended {
  std::uint32_t shard = 0;
  std::uint64_t number = 0;
  Result<void> outcome;
};

/// The store is in trouble, or was and is not any more (no error). Shards that
/// are owned stay so until they are revoked.
struct StateStoreTrouble {
  Result<void> state;
};

using StateStoreEvent
  = std::variant<ShardAssigned, ShardRecords, ShardLoaded, ShardRevoked,
                 StateAppended, StateStoreTrouble>;

/// Says which shards of the group this node owns, and keeps their state: in
/// files of this node, or in a compacted Kafka topic whose partitions are the
/// shards. All methods from one thread at a time.
class StateStore {
public:
  virtual ~StateStore() = default;

  /// `wake` is called, from any thread, after an event can be taken; calls are
  /// collapsed until the next `take_events`. It must not call back.
  virtual void on_ready(std::function<void()> wake) = 0;

  /// What happened, oldest first; at most some megabytes of records at a time
  /// (then it wakes again). Never blocks for long.
  virtual std::vector<StateStoreEvent> take_events() = 0;

  /// Writes behind the end of the log of an owned shard, in this order.
  /// Answered by `StateAppended` with that number, unless the shard is lost.
  virtual void append(std::uint32_t shard, std::uint64_t number,
                      std::vector<StateRecord> records)
    = 0;

  /// Gives a revoked shard up; the next owner may begin.
  virtual void release(std::uint32_t shard) = 0;

  /// Gives all shards up and ends; what was appended is written before.
  virtual void close(std::chrono::milliseconds deadline) = 0;
};

} // namespace millrace::logic::detection
