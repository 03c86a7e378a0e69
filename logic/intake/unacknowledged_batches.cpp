#include "logic/intake/unacknowledged_batches.hpp"

#include "logic/records/footprint.hpp"

#include <algorithm>

namespace millrace::logic {

std::optional<Offset> UnacknowledgedBatches::add(const RecordBatchPtr& batch,
                                                 TimePoint now) {
  const PartitionEpoch held{batch->partition(), batch->epoch()};
  std::optional<Offset> follows;
  if (const auto end = ends_.find(held); end != ends_.end())
    follows = end->second;
  ends_.insert_or_assign(held, batch->last_offset());
  credit_.take(footprint_bytes(*batch));
  batches_[held].push_back({batch, now, follows});
  changed_at_ = now;
  return follows;
}

void UnacknowledgedBatches::remove(const PartitionEpoch& held, Offset first,
                                   TimePoint now) {
  const auto partition = batches_.find(held);
  if (partition == batches_.end())
    return;
  auto& queue = partition->second;
  // As a rule the oldest, or close to it.
  const auto found = std::ranges::find(queue, first, [](const Entry& entry) {
    return entry.batch->first_offset();
  });
  if (found == queue.end())
    return;
  credit_.give_back(footprint_bytes(*found->batch));
  queue.erase(found);
  if (queue.empty())
    batches_.erase(partition);
  changed_at_ = now;
}

void UnacknowledgedBatches::forget(std::span<const PartitionEpoch> partitions) {
  for (const auto& held : partitions) {
    ends_.erase(held);
    const auto partition = batches_.find(held);
    if (partition == batches_.end())
      continue;
    for (const auto& entry : partition->second)
      credit_.give_back(footprint_bytes(*entry.batch));
    batches_.erase(partition);
  }
}

std::vector<UnacknowledgedBatches::Entry> UnacknowledgedBatches::all() const {
  std::vector<Entry> entries;
  for (const auto& [held, queue] : batches_)
    entries.insert(entries.end(), queue.begin(), queue.end());
  return entries;
}

} // namespace millrace::logic
