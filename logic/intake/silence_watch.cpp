#include "logic/intake/silence_watch.hpp"

#include <algorithm>

namespace millrace::logic {

std::vector<PartitionId> SilenceWatch::look(const Assignment& assignment,
                                            TimePoint now) {
  const auto& held = assignment.partitions();
  std::erase_if(waiting_, [&held](const auto& entry) {
    const auto found = held.find(entry.first);
    return found == held.end() || found->second.epoch != entry.second.epoch
           || found->second.finished || found->second.leaving;
  });
  std::vector<PartitionId> begun;
  for (const auto& [partition, state] : held) {
    if (state.finished || state.leaving)
      continue;
    auto& waiting = waiting_.try_emplace(partition, Waiting{state.epoch, now})
                      .first->second;
    if (waiting.silent || now - waiting.since <= patience_)
      continue;
    waiting.silent = true;
    begun.push_back(partition);
  }
  return begun;
}

bool SilenceWatch::silent(PartitionId partition) const {
  const auto found = waiting_.find(partition);
  return found != waiting_.end() && found->second.silent;
}

std::size_t SilenceWatch::count() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
    waiting_, [](const auto& entry) { return entry.second.silent; }));
}

} // namespace millrace::logic
