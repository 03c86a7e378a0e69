#pragma once

#include "logic/intake/assignment.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <vector>

namespace millrace::logic {

/// Raises its hand when a partition lags and does not move.
class StallWatch {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit StallWatch(std::chrono::milliseconds patience)
    : patience_(patience) {}

  /// Looks at a partition; to be called again and again. True while the
  /// finished offset stands behind `high_watermark` for longer than the
  /// patience.
  bool stalled(PartitionId partition, std::optional<Offset> finished,
               Offset high_watermark, TimePoint now);

  void forget(PartitionId partition) { seen_.erase(partition); }

private:
  struct Seen {
    std::optional<Offset> finished;
    bool behind = false;
    TimePoint since; ///< how long these two have stood so
  };

  std::chrono::milliseconds patience_;
  std::map<PartitionId, Seen> seen_;
};

} // namespace millrace::logic
