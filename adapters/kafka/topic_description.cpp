#include "adapters/kafka/topic_description.hpp"

#include "adapters/kafka/admin_client.hpp"
#include "adapters/kafka/offset_query.hpp"
#include "adapters/kafka/topic_id_history.hpp"
#include "adapters/kafka/topic_limits.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using CollectionPtr
  = Owned<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;

/// A partition whose leader does not answer must not hold up all others.
constexpr std::chrono::milliseconds longest_settling{5'000};

std::vector<std::int32_t> ids_of(const rd_kafka_Node_t** nodes,
                                 std::size_t count) {
  std::vector<std::int32_t> ids;
  for (std::size_t index = 0; index != count; ++index)
    ids.push_back(rd_kafka_Node_id(nodes[index]));
  return ids;
}

PartitionDescription
describe_partition(const rd_kafka_TopicPartitionInfo_t* info) {
  PartitionDescription partition;
  partition.partition = logic::PartitionId{
    rd_kafka_TopicPartitionInfo_partition(info)};
  if (const auto* leader = rd_kafka_TopicPartitionInfo_leader(info);
      leader != nullptr && rd_kafka_Node_id(leader) >= 0)
    partition.leader = rd_kafka_Node_id(leader);
  std::size_t count = 0;
  const auto** nodes = rd_kafka_TopicPartitionInfo_replicas(info, &count);
  partition.replicas = ids_of(nodes, count);
  nodes = rd_kafka_TopicPartitionInfo_isr(info, &count);
  partition.in_sync = ids_of(nodes, count);
  return partition;
}

TopicDescription describe_topic(const rd_kafka_TopicDescription_t* found) {
  TopicDescription topic;
  topic.name = rd_kafka_TopicDescription_name(found);
  const auto* error = rd_kafka_TopicDescription_error(found);
  if (const auto code = rd_kafka_error_code(error);
      code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    topic.fault = to_code(code) == logic::ErrorCode::not_found
                    ? logic::Error{logic::ErrorCode::not_found,
                                   missing_topic_text(topic.name)}
                    : to_error(code, "looking up topic " + topic.name,
                               rd_kafka_error_string(error));
    return topic;
  }
  topic.id = topic_id_of(found);
  std::size_t count = 0;
  const auto** infos = rd_kafka_TopicDescription_partitions(found, &count);
  for (std::size_t index = 0; index != count; ++index)
    topic.partitions.push_back(describe_partition(infos[index]));
  std::ranges::sort(topic.partitions, {}, &PartitionDescription::partition);
  return topic;
}

std::vector<TopicSetting>
entries_of(const rd_kafka_ConfigResource_t* resource) {
  std::vector<TopicSetting> settings;
  std::size_t count = 0;
  const auto* const* entries = rd_kafka_ConfigResource_configs(resource,
                                                               &count);
  for (std::size_t index = 0; index != count; ++index) {
    const auto* entry = entries[index];
    const auto* value = rd_kafka_ConfigEntry_value(entry);
    settings.push_back({rd_kafka_ConfigEntry_name(entry),
                        value == nullptr ? "" : value,
                        rd_kafka_ConfigEntry_source(entry)
                          == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG});
  }
  return settings;
}

} // namespace

logic::Result<std::vector<TopicDescription>>
describe_topics(AdminClient& admin, std::span<const std::string> names,
                std::chrono::milliseconds deadline) {
  std::vector<TopicDescription> topics;
  if (names.empty())
    return topics;
  std::vector<const char*> raw;
  raw.reserve(names.size());
  for (const auto& name : names)
    raw.push_back(name.c_str());
  const CollectionPtr collection{
    rd_kafka_TopicCollection_of_topic_names(raw.data(), raw.size())};
  auto event = admin.run(
    RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, deadline, "looking up topics",
    [&](const rd_kafka_AdminOptions_t* options) {
      rd_kafka_DescribeTopics(admin.client(), collection.get(), options,
                              admin.queue());
    });
  if (!event)
    return event.error();
  std::size_t count = 0;
  const auto* const* found = rd_kafka_DescribeTopics_result_topics(
    rd_kafka_event_DescribeTopics_result(event->get()), &count);
  for (std::size_t index = 0; index != count; ++index)
    topics.push_back(describe_topic(found[index]));
  return topics;
}

logic::Result<TopicSettingsByName>
read_topic_settings(AdminClient& admin, std::span<const std::string> names,
                    std::chrono::milliseconds deadline) {
  TopicSettingsByName settings;
  if (names.empty())
    return settings;
  ask_topic_limits(admin.client(), admin.queue(), names, deadline);
  auto event = admin.wait(deadline, "reading the topics' configuration");
  if (!event)
    return event.error();
  std::size_t count = 0;
  const auto* const* found = rd_kafka_DescribeConfigs_result_resources(
    rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  for (std::size_t index = 0; index != count; ++index)
    if (rd_kafka_ConfigResource_error(found[index])
        == RD_KAFKA_RESP_ERR_NO_ERROR)
      settings.emplace(rd_kafka_ConfigResource_name(found[index]),
                       entries_of(found[index]));
  return settings;
}

logic::Result<ExtentsByPartition>
read_extents(AdminClient& admin, const std::string& topic,
             std::span<const logic::PartitionId> partitions,
             std::chrono::milliseconds deadline) {
  if (partitions.empty())
    return ExtentsByPartition{};
  const auto attempted = "asking for the offsets of topic " + topic;
  ExtentsByPartition extents;
  OffsetQuery query{admin.client(), admin.queue(), topic};
  const auto error = query.ask_and_wait(
    partitions, std::min(deadline, longest_settling), extents);
  if (extents.empty() && error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return admin.explain(error, attempted);
  return extents;
}

void raise_ends(AdminClient& admin, const std::string& topic,
                const std::map<logic::PartitionId, logic::Offset>& committed,
                std::chrono::milliseconds deadline,
                ExtentsByPartition& extents) {
  std::vector<logic::PartitionId> beyond;
  for (const auto& [partition, offset] : committed)
    if (const auto found = extents.find(partition);
        found != extents.end() && found->second.high < offset)
      beyond.push_back(partition);
  ExtentsByPartition all;
  OffsetQuery query{admin.client(), admin.queue(), topic,
                    RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED};
  query.ask_and_wait(beyond, std::min(deadline, longest_settling), all);
  for (const auto& [partition, extent] : all)
    if (extent.high >= committed.at(partition))
      extents[partition].high = extent.high;
}

} // namespace millrace::adapters::kafka
