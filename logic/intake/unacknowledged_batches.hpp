#pragma once

#include "logic/intake/credit_ledger.hpp"
#include "logic/records/partition_offset.hpp"
#include "logic/records/record_batch.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace millrace::logic {

/// The batches that were handed over and are not acknowledged, and the credit
/// that they hold. Kept by the one who took them in, so that a message that is
/// lost on the way, or on the way back, costs neither records nor credit.
class UnacknowledgedBatches {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// A batch with what tells whether the one before it arrived as well.
  struct Entry {
    RecordBatchPtr batch;
    TimePoint read_at;
    /// Where the batch before it, of the same partition and epoch, ended.
    std::optional<Offset> follows;
  };

  explicit UnacknowledgedBatches(std::int64_t budget_bytes)
    : credit_(budget_bytes) {}

  /// Returns what it follows.
  std::optional<Offset> add(const RecordBatchPtr& batch, TimePoint now);

  /// The batch that begins there is acknowledged; a repeat is ignored.
  void remove(const PartitionEpoch& held, Offset first, TimePoint now);
  void forget(std::span<const PartitionEpoch> partitions);

  /// Whether there are some, and nothing was added or removed since then.
  bool quiet_since(TimePoint time) const noexcept {
    return !batches_.empty() && changed_at_ < time;
  }

  /// Per partition in offset order.
  std::vector<Entry> all() const;

  const CreditLedger& credit() const noexcept { return credit_; }

private:
  CreditLedger credit_;
  std::map<PartitionEpoch, std::deque<Entry>> batches_;
  std::map<PartitionEpoch, Offset> ends_; ///< of the last batch added
  TimePoint changed_at_;
};

} // namespace millrace::logic
