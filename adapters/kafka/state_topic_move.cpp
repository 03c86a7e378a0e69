#include "adapters/kafka/state_topic_move.hpp"

#include <utility>

namespace millrace::adapters::kafka {

void StateTopicMove::begin(
  std::map<std::string, StateTopicLog::Entry> entries) {
  for (auto& [key, entry] : entries) {
    former_keys_.push_back(to_state_key(entry.base, key));
    left_.emplace(key, entry.offset);
    waiting_.emplace(entry.offset, key);
  }
}

const std::string* StateTopicMove::take(std::int64_t offset) {
  auto node = waiting_.extract(offset);
  if (node.empty())
    return nullptr;
  return &moving_.insert(std::move(node)).position->second;
}

void StateTopicMove::on_moved(std::int64_t offset, bool written) {
  auto node = moving_.extract(offset);
  if (node.empty())
    return;
  const auto entry = left_.find(node.mapped());
  if (entry == left_.end())
    return;
  if (written)
    left_.erase(entry);
  else
    waiting_.insert(std::move(node));
}

void StateTopicMove::on_append(std::uint64_t number, const std::string& key) {
  const auto entry = left_.find(key);
  if (entry == left_.end())
    return;
  // From here on the old value must not be written any more. What of it is
  // under way already stands before the new one in the log. If the new one
  // fails, the key is left over until the owner writes it again.
  waiting_.erase(entry->second);
  moving_.erase(entry->second);
  replacing_[number].push_back(key);
}

void StateTopicMove::on_appended(std::uint64_t number, bool written) {
  const auto node = replacing_.extract(number);
  if (node.empty() || !written)
    return;
  for (const auto& key : node.mapped())
    left_.erase(key);
}

} // namespace millrace::adapters::kafka
