#include "node/chaos/quiescence_watch.hpp"

#include "messages/status.hpp"

#include <algorithm>

namespace millrace::node::chaos {

void QuiescenceWatch::set_end(logic::PartitionId partition, logic::Offset end) {
  ends_[partition] = end;
}

void QuiescenceWatch::take(const messages::ConsumerStatus& status,
                           TimePoint now) {
  for (const auto& partition : status.partitions) {
    // A consumer that was started anew may know one and not the other.
    const auto place = std::max(partition.finished, partition.committed);
    if (!place)
      continue;
    auto& finished = finished_[partition.partition];
    if (*place <= finished)
      continue;
    finished = *place;
    moved_at_ = now;
  }
}

std::size_t QuiescenceWatch::behind() const noexcept {
  return static_cast<std::size_t>(
    std::count_if(ends_.begin(), ends_.end(), [this](const auto& end) {
      const auto found = finished_.find(end.first);
      return end.second.value > 0
             && (found == finished_.end() || found->second < end.second);
    }));
}

std::int64_t QuiescenceWatch::finished_records() const noexcept {
  std::int64_t sum = 0;
  for (const auto& [partition, finished] : finished_)
    sum += finished.value;
  return sum;
}

std::int64_t QuiescenceWatch::open_records() const noexcept {
  std::int64_t open = 0;
  for (const auto& [partition, end] : ends_) {
    const auto found = finished_.find(partition);
    const auto finished = found == finished_.end() ? 0 : found->second.value;
    open += std::max<std::int64_t>(end.value - finished, 0);
  }
  return open;
}

} // namespace millrace::node::chaos
