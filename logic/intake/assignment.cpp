#include "logic/intake/assignment.hpp"

#include <algorithm>

namespace millrace::logic {

void Assignment::assign(std::span<const PartitionEpoch> partitions) {
  for (const auto& [partition, epoch] : partitions) {
    partitions_[partition] = Partition{.epoch = epoch};
    newest_ = std::max(newest_, epoch);
  }
}

void Assignment::note_read(const PartitionEpoch& held, Offset first,
                           Offset last) {
  auto* state = find(held.partition, held.epoch);
  if (state == nullptr)
    return;
  state->read = Offset{last.value + 1};
  if (!state->finished)
    state->finished = state->committed = first;
}

void Assignment::note_placed(const PartitionEpoch& held, Offset offset) {
  auto* state = find(held.partition, held.epoch);
  if (state == nullptr || !state->drained())
    return;
  state->read = state->finished = offset;
  state->committed.reset();
}

void Assignment::note_end(const PartitionOffset& end) {
  auto* state = find(end.partition, end.epoch);
  if (state == nullptr)
    return;
  if (!state->read)
    state->committed = end.next;
  if (!state->read || (state->drained() && *state->read < end.next))
    state->read = state->finished = end.next;
}

bool Assignment::note_finished(PartitionId partition, AssignmentEpoch epoch,
                               Offset next) {
  auto* state = find(partition, epoch);
  if (state == nullptr)
    return false;
  state->finished = std::max(state->finished.value_or(next), next);
  return true;
}

void Assignment::begin_leaving(std::span<const PartitionEpoch> partitions) {
  for (const auto& [partition, epoch] : partitions)
    if (auto* state = find(partition, epoch))
      state->leaving = true;
}

void Assignment::begin_leaving_all() {
  for (auto& [partition, state] : partitions_)
    state.leaving = true;
}

void Assignment::remove(std::span<const PartitionEpoch> partitions) {
  for (const auto& [partition, epoch] : partitions)
    if (find(partition, epoch) != nullptr)
      partitions_.erase(partition);
}

bool Assignment::accepts(PartitionId partition) const noexcept {
  auto found = partitions_.find(partition);
  if (found == partitions_.end() || found->second.leaving)
    return false;
  const auto& [epoch, read, finished, committed, leaving] = found->second;
  return !read || read->value - finished->value <= max_read_ahead_;
}

bool Assignment::drained(std::span<const PartitionEpoch> partitions) const {
  return std::ranges::all_of(partitions, [this](const PartitionEpoch& held) {
    const auto* state = find(held.partition, held.epoch);
    return state == nullptr || state->drained();
  });
}

bool Assignment::drained() const {
  return std::ranges::all_of(
    partitions_, [](const auto& entry) { return entry.second.drained(); });
}

std::vector<PartitionOffset> Assignment::committable() const {
  std::vector<PartitionOffset> result;
  for (const auto& [partition, state] : partitions_)
    if (state.finished && state.finished != state.committed)
      result.push_back({partition, state.epoch, *state.finished});
  return result;
}

std::vector<PartitionOffset> Assignment::committable_at_rest() const {
  auto result = committable();
  std::erase_if(result, [this](const auto& each) {
    return !partitions_.at(each.partition).drained();
  });
  return result;
}

std::vector<PartitionOffset>
Assignment::uncommitted(std::span<const PartitionOffset> offsets) const {
  std::vector<PartitionOffset> result;
  for (const auto& each : offsets)
    if (const auto* state = find(each.partition, each.epoch);
        state != nullptr && state->committed != each.next)
      result.push_back(each);
  return result;
}

std::vector<PartitionOffset>
Assignment::finished(std::span<const PartitionEpoch> partitions) const {
  std::vector<PartitionOffset> result;
  for (const auto& [partition, epoch] : partitions) {
    const auto* state = find(partition, epoch);
    if (state != nullptr && state->finished)
      result.push_back({partition, epoch, *state->finished});
  }
  return result;
}

void Assignment::note_committed(std::span<const PartitionOffset> offsets) {
  for (const auto& offset : offsets)
    if (auto* state = find(offset.partition, offset.epoch))
      state->committed = offset.next;
}

void Assignment::doubt_commits() {
  for (auto& [partition, state] : partitions_)
    state.committed.reset();
}

std::vector<PartitionEpoch> Assignment::all() const {
  std::vector<PartitionEpoch> result;
  result.reserve(partitions_.size());
  for (const auto& [partition, state] : partitions_)
    result.push_back({partition, state.epoch});
  return result;
}

std::uint64_t Assignment::unfinished_records() const noexcept {
  std::uint64_t count = 0;
  for (const auto& [partition, state] : partitions_)
    if (state.read)
      count += static_cast<std::uint64_t>(state.read->value
                                          - state.finished->value);
  return count;
}

Assignment::Partition* Assignment::find(PartitionId partition,
                                        AssignmentEpoch epoch) {
  auto found = partitions_.find(partition);
  return found != partitions_.end() && found->second.epoch == epoch
           ? &found->second
           : nullptr;
}

const Assignment::Partition* Assignment::find(PartitionId partition,
                                              AssignmentEpoch epoch) const {
  auto found = partitions_.find(partition);
  return found != partitions_.end() && found->second.epoch == epoch
           ? &found->second
           : nullptr;
}

} // namespace millrace::logic
