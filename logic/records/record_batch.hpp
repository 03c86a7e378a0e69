#pragma once

#include "logic/core/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// One Kafka record as it was read. Views into the batch that holds it.
struct RecordView {
  Offset offset;
  /// Milliseconds since 1970, -1 where the broker gave none.
  std::int64_t timestamp_ms = -1;
  /// Absent for a null key.
  std::optional<std::string_view> key;
  /// Absent for a tombstone (null value).
  std::optional<std::string_view> value;
  /// Encoded headers, see `logic/records/record_headers.hpp`; empty where none.
  std::string_view headers;
};

/// Records of one partition, read under one assignment epoch, in one
/// contiguous buffer. Immutable once built; shared by reference count.
class RecordBatch {
public:
  class Builder;

  const std::string& topic() const noexcept { return topic_; }
  PartitionId partition() const noexcept { return partition_; }
  AssignmentEpoch epoch() const noexcept { return epoch_; }

  std::size_t size() const noexcept { return slots_.size(); }
  bool empty() const noexcept { return slots_.empty(); }
  RecordView operator[](std::size_t index) const noexcept;

  Offset first_offset() const noexcept { return Offset{slots_.front().offset}; }
  Offset last_offset() const noexcept { return Offset{slots_.back().offset}; }

  /// Bytes of keys, values and headers.
  std::size_t payload_bytes() const noexcept { return bytes_.size(); }

  /// The part of the batch that `[first, first + count)` names, as a batch of
  /// its own. Needed where a batch is halved to find one bad record.
  std::shared_ptr<const RecordBatch> slice(std::size_t first,
                                           std::size_t count) const;

  /// For codecs: visits everything that must travel.
  template <class Inspector>
  friend bool inspect(Inspector& f, RecordBatch& batch) {
    return f.object(batch).fields(f.field("topic", batch.topic_),
                                  f.field("partition", batch.partition_.value),
                                  f.field("epoch", batch.epoch_.value),
                                  f.field("slots", batch.slots_),
                                  f.field("bytes", batch.bytes_));
  }

private:
  struct Slot {
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = -1;
    std::uint32_t key_begin = 0;
    std::int32_t key_bytes = -1;
    std::int32_t value_bytes = -1;
    std::uint32_t headers_bytes = 0;

    template <class Inspector>
    friend bool inspect(Inspector& f, Slot& slot) {
      return f.object(slot).fields(
        f.field("offset", slot.offset),
        f.field("timestamp_ms", slot.timestamp_ms),
        f.field("key_begin", slot.key_begin),
        f.field("key_bytes", slot.key_bytes),
        f.field("value_bytes", slot.value_bytes),
        f.field("headers_bytes", slot.headers_bytes));
    }
  };

  std::string topic_;
  PartitionId partition_;
  AssignmentEpoch epoch_;
  std::vector<Slot> slots_;
  std::string bytes_;
};

using RecordBatchPtr = std::shared_ptr<const RecordBatch>;

/// Collects records in offset order. Not thread-safe.
class RecordBatch::Builder {
public:
  Builder(std::string topic, PartitionId partition, AssignmentEpoch epoch);

  /// Room for so many records and bytes, to append without reallocation.
  void reserve(std::size_t records, std::size_t payload_bytes);

  /// Copies the record's bytes. Offsets must rise; a batch holds less than
  /// 2 GiB (asserted: callers bound batches far below).
  void append(const RecordView& record);

  std::size_t size() const noexcept { return batch_->slots_.size(); }
  std::size_t payload_bytes() const noexcept { return batch_->bytes_.size(); }

  /// Hands the batch over; the builder is empty afterwards.
  RecordBatchPtr finish();

private:
  std::shared_ptr<RecordBatch> batch_;
};

} // namespace millrace::logic
