#include "adapters/kafka/state_topic_log.hpp"

#include <algorithm>
#include <utility>

namespace millrace::adapters::kafka {

StateTopicLog::Found StateTopicLog::take(const StateTopicMessage& message) {
  const auto key = message.key ? parse_state_topic_key(*message.key)
                               : StateTopicKey{};
  switch (key.kind) {
    case StateTopicKey::Kind::claim:
      return take_claim(message);
    case StateTopicKey::Kind::release:
      take_release(message);
      return Found::nothing;
    case StateTopicKey::Kind::state:
      return take_state(message, key);
    case StateTopicKey::Kind::foreign:
      break;
  }
  ++foreign_;
  return Found::nothing;
}

StateTopicLog::Found
StateTopicLog::take_claim(const StateTopicMessage& message) {
  if (!message.value) {
    std::erase(claims_, *message.key);
    return Found::nothing;
  }
  const auto claim = parse_state_claim(*message.value);
  if (!claim) {
    ++foreign_;
    return Found::nothing;
  }
  const auto generation = static_cast<StateGeneration>(message.offset) + 1;
  const bool counts = !current_
                      || claim->group_generation >= current_->group_generation
                      || claim->after >= current_->generation;
  if (generation == own_) {
    if (!counts)
      return Found::outdone;
    choose_base();
    return Found::own_claim;
  }
  claims_.emplace_back(*message.key);
  if (counts)
    current_ = Owner{generation, claim->group_generation, std::nullopt};
  return Found::nothing;
}

void StateTopicLog::take_release(const StateTopicMessage& message) {
  if (!message.value) {
    std::erase(claims_, *message.key);
    return;
  }
  claims_.emplace_back(*message.key);
  if (current_ && current_->generation == message.generation)
    current_->released_base = parse_number(*message.value);
}

StateTopicLog::Found StateTopicLog::take_state(const StateTopicMessage& message,
                                               const StateTopicKey& key) {
  if (current_ && message.generation != current_->generation) {
    ++stale_;
    if (message.value)
      superseded_.emplace(*message.key);
    return Found::nothing;
  }
  if (!message.value) {
    superseded_.erase(std::string{*message.key});
    const auto entry = entries_.find(std::string{key.key});
    if (entry != entries_.end() && entry->second.base == key.base)
      entries_.erase(entry);
    return Found::nothing;
  }
  const auto [entry, first] = entries_.try_emplace(std::string{key.key});
  if (!first && entry->second.base != key.base)
    superseded_.insert(to_state_key(entry->second.base, key.key));
  entry->second = {key.base, message.offset};
  superseded_.erase(std::string{*message.key});
  return Found::state;
}

void StateTopicLog::choose_base() {
  base_ = own_;
  if (current_ && current_->released_base) {
    const auto released = *current_->released_base;
    if (std::all_of(entries_.begin(), entries_.end(),
                    [released](const auto& each) {
                      return each.second.base == released;
                    }))
      base_ = released;
  }
  // Needed until it is moved.
  for (const auto& [key, entry] : entries_)
    superseded_.erase(to_state_key(entry.base, key));
}

std::vector<std::string> StateTopicLog::take_superseded() {
  std::vector<std::string> keys;
  // What was dropped because of a claim must not come back without it. And
  // without a later claim the records behind it would belong to the earlier
  // one: the earliest goes first.
  if (stale_ == 0)
    keys = std::exchange(claims_, {});
  keys.insert(keys.end(), superseded_.begin(), superseded_.end());
  superseded_.clear();
  return keys;
}

std::map<std::string, StateTopicLog::Entry>
StateTopicLog::take_foreign_entries() {
  auto entries = std::exchange(entries_, {});
  std::erase_if(entries,
                [this](const auto& each) { return each.second.base == base_; });
  return entries;
}

} // namespace millrace::adapters::kafka
