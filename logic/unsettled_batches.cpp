#include "logic/unsettled_batches.hpp"

#include "logic/footprint.hpp"

#include <algorithm>

namespace millrace::logic {

void UnsettledBatches::add(const RecordBatchPtr& batch, TimePoint now) {
  credit_.take(footprint_bytes(*batch));
  batches_[{batch->partition(), batch->epoch()}].emplace_back(batch, now);
  changed_at_ = now;
}

void UnsettledBatches::remove(const PartitionEpoch& held, Offset first,
                              TimePoint now) {
  const auto partition = batches_.find(held);
  if (partition == batches_.end())
    return;
  auto& queue = partition->second;
  // As a rule the oldest, or close to it.
  const auto found = std::ranges::find(queue, first, [](const Entry& entry) {
    return entry.first->first_offset();
  });
  if (found == queue.end())
    return;
  credit_.give_back(footprint_bytes(*found->first));
  queue.erase(found);
  if (queue.empty())
    batches_.erase(partition);
  changed_at_ = now;
}

void UnsettledBatches::forget(std::span<const PartitionEpoch> partitions) {
  for (const auto& held : partitions) {
    const auto partition = batches_.find(held);
    if (partition == batches_.end())
      continue;
    for (const auto& [batch, read_at] : partition->second)
      credit_.give_back(footprint_bytes(*batch));
    batches_.erase(partition);
  }
}

std::vector<UnsettledBatches::Entry> UnsettledBatches::all() const {
  std::vector<Entry> entries;
  for (const auto& [held, queue] : batches_)
    entries.insert(entries.end(), queue.begin(), queue.end());
  return entries;
}

} // namespace millrace::logic
