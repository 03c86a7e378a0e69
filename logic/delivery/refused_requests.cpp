#include "logic/delivery/refused_requests.hpp"

#include <algorithm>
#include <utility>

namespace millrace::logic {

std::span<const SendToken> RefusedRequests::next_group() {
  const auto whole = std::exchange(group_records_, 0);
  if (!refused_.empty()) {
    const auto half = ((whole == 0 ? refused_.size() : whole) + 1) / 2;
    std::deque<std::vector<SendToken>> halves;
    for (std::size_t begin = 0; begin < refused_.size(); begin += half) {
      const auto end = std::min(begin + half, refused_.size());
      halves.emplace_back(refused_.begin() + static_cast<std::ptrdiff_t>(begin),
                          refused_.begin() + static_cast<std::ptrdiff_t>(end));
    }
    refused_.clear();
    groups_.insert(groups_.begin(), halves.begin(), halves.end());
  }
  while (!groups_.empty() && groups_.front().empty())
    groups_.pop_front();
  if (groups_.empty())
    return {};
  return groups_.front();
}

void RefusedRequests::on_sent(std::size_t records) {
  if (records == 0)
    return;
  auto& group = groups_.front();
  group_records_ = records;
  if (records == group.size())
    groups_.pop_front();
  else
    group.erase(group.begin(),
                group.begin() + static_cast<std::ptrdiff_t>(records));
}

std::size_t RefusedRequests::forget(std::uint32_t slot) {
  const auto of_slot = [slot](SendToken token) { return token.slot == slot; };
  auto dropped = std::erase_if(refused_, of_slot);
  for (auto& group : groups_)
    dropped += std::erase_if(group, of_slot);
  std::erase_if(groups_, [](const auto& group) { return group.empty(); });
  return dropped;
}

std::vector<SendToken> RefusedRequests::give_up() {
  auto records = std::exchange(refused_, {});
  for (const auto& group : std::exchange(groups_, {}))
    records.insert(records.end(), group.begin(), group.end());
  group_records_ = 0;
  return records;
}

} // namespace millrace::logic
