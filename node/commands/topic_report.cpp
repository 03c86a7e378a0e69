#include "node/commands/topic_report.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <utility>

namespace millrace::node::commands {

namespace {

namespace json = boost::json;
namespace kafka = adapters::kafka;

using logic::TopicDifference;
using logic::TopicDifferenceKind;

std::string joined(const std::vector<std::int32_t>& numbers) {
  std::string text;
  for (const auto number : numbers)
    text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

/// As Kafka's own tools write it, in the alphabet of base64 for addresses.
std::string shown_id(std::string id) {
  std::ranges::replace(id, '+', '-');
  std::ranges::replace(id, '/', '_');
  return id;
}

/// "topic user-login (input)".
std::string title(const FullTopic& topic) {
  auto text = "topic " + topic.description.name;
  if (topic.role != logic::TopicRole::none)
    text += " (" + std::string{to_string(topic.role)} + ")";
  return text;
}

std::string settings_line(const FullTopic& topic) {
  if (!topic.settings)
    return "settings: not told to this user, who needs the right to "
           "DescribeConfigs";
  std::string text;
  for (const auto& setting : *topic.settings)
    if (setting.is_own)
      text += (text.empty() ? "" : ", ") + setting.name + "=" + setting.value;
  return "settings: " + (text.empty() ? "none of its own" : text);
}

std::string remark_of(const kafka::PartitionDescription& partition) {
  if (!partition.leader)
    return "no leader";
  if (partition.in_sync.size() < partition.replicas.size())
    return std::to_string(partition.in_sync.size()) + " of "
           + std::to_string(partition.replicas.size()) + " copies in sync";
  return {};
}

std::vector<std::string> row_of(const FullTopic& topic,
                                const kafka::PartitionDescription& partition) {
  const auto extent = topic.extents.find(partition.partition);
  const bool known = extent != topic.extents.end();
  return {std::to_string(partition.partition.value),
          partition.leader ? std::to_string(*partition.leader) : "-",
          joined(partition.replicas),
          joined(partition.in_sync),
          known ? std::to_string(extent->second.low.value) : "-",
          known ? std::to_string(extent->second.high.value) : "-",
          remark_of(partition)};
}

json::object to_object(const FullTopic& topic,
                       const kafka::PartitionDescription& partition) {
  const auto extent = topic.extents.find(partition.partition);
  const bool known = extent != topic.extents.end();
  json::object object;
  object["partition"] = partition.partition.value;
  object["leader"] = partition.leader ? json::value(*partition.leader)
                                      : json::value(nullptr);
  object["replicas"] = json::array(partition.replicas.begin(),
                                   partition.replicas.end());
  object["in_sync"] = json::array(partition.in_sync.begin(),
                                  partition.in_sync.end());
  object["low"] = known ? json::value(extent->second.low.value)
                        : json::value(nullptr);
  object["end"] = known ? json::value(extent->second.high.value)
                        : json::value(nullptr);
  return object;
}

std::string remedy(const TopicDifference& difference) {
  const auto& topic = difference.topic;
  switch (difference.kind) {
    case TopicDifferenceKind::missing:
      return "does not exist, or this user may not see it; millrace topics "
             "create makes it"
             + (difference.wanted.empty()
                  ? " where kafka.create_topics (KAFKA_CREATE_TOPICS) has "
                      + topic + ":PARTITIONS:REPLICATION"
                  : std::string{});
    case TopicDifferenceKind::fewer_partitions:
      return "has " + difference.found + " partitions, wanted are "
             + difference.wanted + ": millrace topics raise " + topic
             + " --partitions " + difference.wanted;
    case TopicDifferenceKind::more_partitions:
      return "has " + difference.found + " partitions, wanted are "
             + difference.wanted
             + "; Kafka never lowers them: write what is there into the list";
    case TopicDifferenceKind::replication:
      return "has replication " + difference.found + ", wanted is "
             + difference.wanted + ": kafka-reassign-partitions changes that";
    case TopicDifferenceKind::setting:
      return difference.setting + " is \"" + difference.found
             + "\", wanted is \"" + difference.wanted
             + "\": kafka-configs --alter --entity-type topics --entity-name "
             + topic + " --add-config " + difference.setting + "="
             + difference.wanted;
    case TopicDifferenceKind::unknown_settings:
      break;
  }
  return difference.setting
         + " is not told to this user, who needs the right to DescribeConfigs; "
           "wanted is \""
         + difference.wanted + "\"";
}

} // namespace

std::string numbers_text(std::int32_t partitions, std::int32_t replication) {
  return std::to_string(partitions)
         + (partitions == 1 ? " partition" : " partitions")
         + (replication > 0 ? ", replication " + std::to_string(replication)
                            : std::string{});
}

std::string draw_topics(const std::vector<ListedTopic>& topics,
                        const StatusCanvas& canvas) {
  Table table{{Align::left, Align::right, Align::right, Align::left}};
  table.add({"topic", "partitions", "replication", ""});
  for (const auto& [name, info, role] : topics) {
    std::string remark{to_string(role)};
    if (!info)
      remark += ": does not exist, or this user may not see it";
    table.add({printable(name, canvas.ascii),
               info ? std::to_string(info->partitions) : "-",
               info ? std::to_string(info->replication) : "-",
               std::move(remark)});
  }
  std::string text;
  table.append_to(text, canvas);
  return text;
}

json::array topics_document(const std::vector<ListedTopic>& topics) {
  json::array list;
  for (const auto& [name, info, role] : topics) {
    json::object object;
    object["topic"] = name;
    object["exists"] = info.has_value();
    object["partitions"] = info ? json::value(info->partitions)
                                : json::value(nullptr);
    object["replication"] = info ? json::value(info->replication)
                                 : json::value(nullptr);
    object["role"] = to_string(role);
    list.push_back(std::move(object));
  }
  return list;
}

std::string draw_topic(const FullTopic& topic, const StatusCanvas& canvas) {
  const auto& description = topic.description;
  const auto copies = description.partitions.empty()
                        ? 0
                        : description.partitions.front().replicas.size();
  auto head = title(topic) + ": "
              + numbers_text(
                static_cast<std::int32_t>(description.partitions.size()),
                static_cast<std::int32_t>(copies));
  if (!description.id.empty())
    head += ", id " + shown_id(description.id);
  auto text = fitted(head, canvas) + '\n'
              + fitted(printable(settings_line(topic), canvas.ascii), canvas)
              + '\n';
  Table table{{Align::right, Align::right, Align::left, Align::left,
               Align::right, Align::right, Align::left}};
  table.add({"partition", "leader", "replicas", "in sync", "low", "end", ""});
  for (const auto& partition : description.partitions)
    table.add(row_of(topic, partition));
  table.append_to(text, canvas);
  return text;
}

json::object topic_document(const FullTopic& topic) {
  json::object object;
  object["topic"] = topic.description.name;
  object["id"] = shown_id(topic.description.id);
  object["role"] = to_string(topic.role);
  json::array partitions;
  for (const auto& partition : topic.description.partitions)
    partitions.push_back(to_object(topic, partition));
  object["partitions"] = std::move(partitions);
  object["settings"] = json::value(nullptr);
  if (topic.settings) {
    json::object settings;
    for (const auto& setting : *topic.settings)
      settings[setting.name] = {{"value", setting.value},
                                {"own", setting.is_own}};
    object["settings"] = std::move(settings);
  }
  return object;
}

std::string difference_line(const TopicDifference& difference) {
  std::string kind{to_string(difference.kind)};
  kind.resize(9, ' ');
  return kind + difference.topic + ": " + remedy(difference);
}

json::object difference_document(const TopicDifference& difference) {
  json::object object;
  object["kind"] = to_string(difference.kind);
  object["topic"] = difference.topic;
  object["setting"] = difference.setting;
  object["wanted"] = difference.wanted;
  object["found"] = difference.found;
  return object;
}

} // namespace millrace::node::commands
