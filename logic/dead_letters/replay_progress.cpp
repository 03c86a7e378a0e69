#include "logic/dead_letters/replay_progress.hpp"

#include <algorithm>

namespace millrace::logic {

void ReplayProgress::begin_at(PartitionId partition, Offset offset) {
  partitions_[partition].next = offset;
}

void ReplayProgress::on_passed(PartitionId partition, Offset offset) {
  partitions_[partition].next = Offset{offset.value + 1};
}

void ReplayProgress::on_sent(PartitionId partition, Offset offset) {
  auto& known = partitions_[partition];
  known.sent.push_back({offset});
  known.next = Offset{offset.value + 1};
  ++uncommitted_;
}

void ReplayProgress::on_done(PartitionId partition, Offset offset) {
  auto& sent = partitions_[partition].sent;
  const auto found = std::ranges::lower_bound(sent, offset, {}, &Sent::offset);
  if (found != sent.end() && found->offset == offset)
    found->done = true;
  while (!sent.empty() && sent.front().done)
    sent.pop_front();
}

void ReplayProgress::end_at(PartitionId partition, Offset offset) {
  auto& next = partitions_[partition].next;
  next = std::max(next, offset);
}

std::map<PartitionId, Offset> ReplayProgress::places() const {
  std::map<PartitionId, Offset> places;
  for (const auto& [partition, known] : partitions_)
    places[partition] = known.sent.empty() ? known.next
                                           : known.sent.front().offset;
  return places;
}

void ReplayProgress::on_committed() {
  uncommitted_ = 0;
  for (const auto& [partition, known] : partitions_)
    uncommitted_ += known.sent.size();
}

} // namespace millrace::logic
