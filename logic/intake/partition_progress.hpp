#pragma once

#include "logic/intake/assignment.hpp"
#include "logic/intake/record_source.hpp"
#include "logic/intake/stall_watch.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace millrace::logic {

/// How far each partition lags, and which of them lag and do not move. Only
/// says what it sees: metrics and logs are the caller's.
class PartitionProgress {
public:
  using TimePoint = StallWatch::TimePoint;

  struct Lag {
    /// From what is finished to the high watermark, by offsets; 0 or more.
    /// Where the reader stands at the end, to there: control records of
    /// transactions are nobody's work.
    std::int64_t records = 0;
    bool stalled = false;
  };

  struct Sight {
    PartitionId partition;
    Offset finished; ///< next offset after what is finished
    Lag lag;
    bool stall_began = false; ///< stalled now, and not at the look before
  };

  /// A partition is stalled when it lags and does not move for longer than
  /// `patience`.
  explicit PartitionProgress(std::chrono::milliseconds patience)
    : stalls_(patience) {}

  /// Looks at the partitions that have a high watermark, are held and were
  /// read from; others are left out. In the order of `high_watermarks`. To be
  /// called again and again.
  std::vector<Sight> look(const Assignment& assignment,
                          std::span<const PartitionLag> high_watermarks,
                          TimePoint now);

  /// As of the last look at this partition.
  std::optional<Lag> lag(PartitionId partition) const;

  /// Whatever their epoch.
  void forget(std::span<const PartitionEpoch> partitions);

private:
  StallWatch stalls_;
  std::map<PartitionId, Lag> lags_;
};

} // namespace millrace::logic
