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
  OffsetQuery query{admin.client(), admin.queue(), topic};
  query.ask(partitions);
  // Both answers are taken in, however late: none may stay in the queue. The
  // query has a deadline of its own.
  const auto patience = deadline + OffsetQuery::answered_within;
  while (query.under_way()) {
    EventPtr event{rd_kafka_queue_poll(admin.queue(), to_timeout(patience))};
    if (!event)
      return to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, attempted);
    query.on_event(event.get());
  }
  auto extents = query.take_answers();
  if (extents.empty() && query.error() != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(query.error(), attempted);
  return extents;
}

} // namespace millrace::adapters::kafka
