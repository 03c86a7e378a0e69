#include "logic/detection/applied_offsets.hpp"

#include <algorithm>
#include <cassert>

namespace millrace::logic::detection {

bool AppliedOffsets::Partition::contains(Offset offset) const noexcept {
  // Nearly always the question is about offsets behind the last range.
  if (ranges_.empty() || offset.value > ranges_.back().last)
    return false;
  const auto range = std::lower_bound(
    ranges_.begin(), ranges_.end(), offset.value,
    [](const Range& candidate, std::int64_t value) {
      return candidate.last < value;
    });
  return range != ranges_.end() && range->first <= offset.value;
}

void AppliedOffsets::Partition::add(Offset first, Offset last) {
  assert(first <= last);
  Range added{first.value, last.value};
  // The ranges that touch or overlap the new one become part of it.
  const auto begin = std::lower_bound(
    ranges_.begin(), ranges_.end(), added.first,
    [](const Range& candidate, std::int64_t value) {
      return candidate.last < value - 1;
    });
  auto end = begin;
  while (end != ranges_.end() && end->first <= added.last + 1) {
    added.first = std::min(added.first, end->first);
    added.last = std::max(added.last, end->last);
    ++end;
  }
  ranges_.insert(ranges_.erase(begin, end), added);
  if (ranges_.size() > max_ranges) {
    ranges_[1].first = ranges_[0].first;
    ranges_.erase(ranges_.begin());
  }
}

Offset AppliedOffsets::Partition::highest() const noexcept {
  return Offset{ranges_.empty() ? -1 : ranges_.back().last};
}

AppliedOffsets::Partition& AppliedOffsets::at(std::string_view topic,
                                              PartitionId partition) {
  for (auto& candidate : partitions_)
    if (candidate.id_ == partition && candidate.topic_ == topic)
      return candidate;
  auto& added = partitions_.emplace_back();
  added.topic_ = topic;
  added.id_ = partition;
  return added;
}

void AppliedOffsets::forget(std::optional<PartitionId> partition) {
  std::erase_if(partitions_, [partition](const Partition& candidate) {
    return !partition || candidate.id_ == *partition;
  });
}

} // namespace millrace::logic::detection
