#include "logic/operations/topic_difference.hpp"

#include <algorithm>

namespace millrace::logic {

namespace {

void compare_settings(const TopicWish& wish, const TopicFacts& topic,
                      std::vector<TopicDifference>& differences) {
  for (const auto& [name, wanted] : wish.settings) {
    if (!topic.settings) {
      differences.push_back(
        {TopicDifferenceKind::unknown_settings, wish.name, name, wanted, {}});
      continue;
    }
    const auto entry = topic.settings->find(name);
    const auto found = entry == topic.settings->end() ? std::string{}
                                                      : entry->second;
    if (found != wanted)
      differences.push_back(
        {TopicDifferenceKind::setting, wish.name, name, wanted, found});
  }
}

void compare_numbers(const TopicWish& wish, const TopicFacts& topic,
                     std::vector<TopicDifference>& differences) {
  if (wish.partitions && *wish.partitions != topic.partitions)
    differences.push_back({topic.partitions < *wish.partitions
                             ? TopicDifferenceKind::fewer_partitions
                             : TopicDifferenceKind::more_partitions,
                           wish.name,
                           {},
                           std::to_string(*wish.partitions),
                           std::to_string(topic.partitions)});
  if (wish.replication && *wish.replication != topic.replication)
    differences.push_back({TopicDifferenceKind::replication,
                           wish.name,
                           {},
                           std::to_string(*wish.replication),
                           std::to_string(topic.replication)});
}

} // namespace

std::string_view to_string(TopicDifferenceKind kind) noexcept {
  switch (kind) {
    case TopicDifferenceKind::missing:
      return "missing";
    case TopicDifferenceKind::fewer_partitions:
      return "fewer";
    case TopicDifferenceKind::more_partitions:
      return "more";
    case TopicDifferenceKind::replication:
      return "copies";
    case TopicDifferenceKind::setting:
      return "setting";
    case TopicDifferenceKind::unknown_settings:
      break;
  }
  return "unknown";
}

std::vector<TopicDifference> differences(std::span<const TopicWish> wishes,
                                         std::span<const TopicFacts> facts) {
  std::vector<TopicDifference> result;
  for (const auto& wish : wishes) {
    const auto topic = std::ranges::find(facts, wish.name, &TopicFacts::name);
    if (topic == facts.end()) {
      result.push_back(
        {TopicDifferenceKind::missing,
         wish.name,
         {},
         wish.partitions ? std::to_string(*wish.partitions) : std::string{},
         {}});
      continue;
    }
    compare_numbers(wish, *topic, result);
    compare_settings(wish, *topic, result);
  }
  return result;
}

} // namespace millrace::logic
