#include "adapters/kafka/topic_limits.hpp"

#include <array>
#include <charconv>
#include <string_view>
#include <vector>

namespace millrace::adapters::kafka {

namespace {

using OptionsPtr
  = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using ResourcePtr
  = Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;

constexpr std::size_t text_bytes = 512;

void take_number(std::string_view text, std::int64_t least,
                 std::int64_t& number) {
  std::int64_t read = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, read);
  if (fault == std::errc{} && stop == end && read >= least)
    number = read;
}

void take_entry(TopicLimits& limits, std::string_view name,
                std::string_view value) {
  if (name == "max.message.bytes") {
    take_number(value, 1, limits.max_message_bytes);
    limits.known = true;
  } else if (name == "cleanup.policy") {
    limits.compacted = value.find("compact") != std::string_view::npos;
  } else if (name == "message.timestamp.before.max.ms") {
    take_number(value, 0, limits.timestamps.behind_ms);
  } else if (name == "message.timestamp.after.max.ms") {
    take_number(value, 0, limits.timestamps.ahead_ms);
  }
}

/// Whether the broker writes its own time in place of what a record brings,
/// whatever that is.
bool writes_own_time(std::string_view name, std::string_view value) {
  return name == "message.timestamp.type" && value == "LogAppendTime";
}

} // namespace

void ask_topic_limits(rd_kafka_t* client, rd_kafka_queue_t* queue,
                      std::span<const std::string> topics,
                      std::chrono::milliseconds deadline) {
  const OptionsPtr options{
    rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)};
  std::array<char, text_bytes> text{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), to_timeout(deadline),
                                            text.data(), text.size());
  std::vector<ResourcePtr> resources;
  std::vector<rd_kafka_ConfigResource_t*> raw;
  for (const auto& topic : topics) {
    resources.emplace_back(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    if (resources.back())
      raw.push_back(resources.back().get());
  }
  rd_kafka_DescribeConfigs(client, raw.data(), raw.size(), options.get(),
                           queue);
}

TopicLimitsAnswer read_topic_limits(rd_kafka_event_t* event) {
  TopicLimitsAnswer result;
  const auto* answer = rd_kafka_event_DescribeConfigs_result(event);
  if (answer == nullptr)
    return result;
  std::size_t topics = 0;
  const auto* const* resources = rd_kafka_DescribeConfigs_result_resources(
    answer, &topics);
  for (std::size_t topic = 0; topic != topics; ++topic) {
    const auto* resource = resources[topic];
    const auto* name = rd_kafka_ConfigResource_name(resource);
    const auto error = rd_kafka_ConfigResource_error(resource);
    if (is_unauthorized(error))
      result.denied.emplace_back(name);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      continue;
    TopicLimits limits;
    std::size_t count = 0;
    const auto* const* entries = rd_kafka_ConfigResource_configs(resource,
                                                                 &count);
    bool own_time = false;
    for (std::size_t entry = 0; entry != count; ++entry)
      if (const auto* value = rd_kafka_ConfigEntry_value(entries[entry])) {
        const auto* key = rd_kafka_ConfigEntry_name(entries[entry]);
        take_entry(limits, key, value);
        own_time = own_time || writes_own_time(key, value);
      }
    if (own_time)
      limits.timestamps = {};
    result.limits.emplace(name, limits);
  }
  return result;
}

std::string to_text(const TopicLimits& limits) {
  auto text = "max.message.bytes " + std::to_string(limits.max_message_bytes);
  if (!limits.known)
    text += " (assumed: the brokers do not tell this user, who needs the right "
            "to DescribeConfigs)";
  if (limits.compacted)
    text += ", cleanup.policy compact";
  return text;
}

} // namespace millrace::adapters::kafka
