#include "logic/intake/partition_progress.hpp"

#include "logic/intake/record_source.hpp"

#include <algorithm>
#include <utility>

namespace millrace::logic {

std::vector<PartitionProgress::Sight>
PartitionProgress::look(const Assignment& assignment,
                        std::span<const PartitionLag> high_watermarks,
                        TimePoint now) {
  std::vector<Sight> sights;
  for (const auto& [partition, high_watermark, end] : high_watermarks) {
    const auto found = assignment.partitions().find(partition);
    if (found == assignment.partitions().end() || !found->second.finished)
      continue;
    const auto finished = *found->second.finished;
    const auto target = end && end->epoch == found->second.epoch
                          ? end->next
                          : high_watermark;
    auto& lag = lags_[partition];
    lag.records = std::max<std::int64_t>(0, target.value - finished.value);
    const bool was_stalled = std::exchange(
      lag.stalled, stalls_.stalled(partition, finished, target, now));
    sights.push_back({partition, finished, lag, lag.stalled && !was_stalled});
  }
  return sights;
}

std::optional<PartitionProgress::Lag>
PartitionProgress::lag(PartitionId partition) const {
  const auto found = lags_.find(partition);
  return found != lags_.end() ? std::optional{found->second} : std::nullopt;
}

void PartitionProgress::forget(std::span<const PartitionEpoch> partitions) {
  for (const auto& held : partitions) {
    stalls_.forget(held.partition);
    lags_.erase(held.partition);
  }
}

} // namespace millrace::logic
