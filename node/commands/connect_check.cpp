#include "node/commands/connect_check.hpp"

#include "adapters/geoip/geo_database.hpp"
#include "adapters/kafka/topic_admin.hpp"
#include "logic/event_time.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace millrace::node::commands {

namespace {

namespace kafka = adapters::kafka;
namespace geoip = adapters::geoip;

constexpr std::chrono::seconds deadline{10};

/// The topics that the node uses, each with what it is for.
std::vector<std::pair<std::string, std::string>>
used_topics(const kafka::KafkaConfig& config) {
  std::vector<std::pair<std::string, std::string>> topics{
    {"input_topic", config.input_topic},
    {"output_topic", config.output_topic},
    {"dlq_topic", config.dlq_topic},
    {"insights_topic", config.insights_topic}};
  std::erase_if(topics, [](const auto& topic) { return topic.second.empty(); });
  return topics;
}

/// Whether the node creates the topic itself when it starts.
bool will_be_created(const kafka::KafkaConfig& config,
                     const std::string& topic) {
  return std::any_of(config.create_topics.begin(), config.create_topics.end(),
                     [&](const std::string& text) {
                       const auto spec = kafka::parse_topic_spec(text);
                       return spec && spec->name == topic;
                     });
}

ConnectItem check_topic(const kafka::KafkaConfig& config,
                        kafka::TopicAdmin& admin, const std::string& key,
                        const std::string& topic) {
  ConnectItem item{"topic " + topic + " (kafka." + key + ")", false, {}};
  const auto found = admin.topic(topic, deadline);
  if (found) {
    item.reached = true;
    item.text = std::to_string(found->partitions)
                + (found->partitions == 1 ? " partition" : " partitions");
    return item;
  }
  item.text = found.error().text;
  if (found.error().code != logic::ErrorCode::not_found)
    return item;
  item.reached = will_be_created(config, topic);
  item.text = item.reached
                ? "does not exist yet; will be created at the start"
                : "does not exist; create it, or let the node do so: "
                  "KAFKA_CREATE_TOPICS="
                    + topic + ":PARTITIONS:REPLICATION";
  return item;
}

void check_kafka(const kafka::KafkaConfig& config,
                 std::vector<ConnectItem>& items) {
  ConnectItem broker{"broker " + config.bootstrap_servers, false, {}};
  const auto admin = kafka::TopicAdmin::open(config);
  const auto reachable = admin ? (*admin)->check_reachable(deadline)
                               : logic::Result<void>{admin.error()};
  broker.reached = reachable.has_value();
  broker.text = broker.reached ? "answers" : reachable.error().text;
  items.push_back(std::move(broker));
  for (const auto& [key, topic] : used_topics(config))
    items.push_back(reachable
                      ? check_topic(config, **admin, key, topic)
                      : ConnectItem{"topic " + topic + " (kafka." + key + ")",
                                    false, "not asked for, see the broker"});
}

std::string describe_file(const geoip::GeoFileInfo& file) {
  std::string text = file.database_type.empty() ? "a database without a name"
                                                : file.database_type;
  // A damaged file may claim to be from any time.
  constexpr std::uint64_t last_s = logic::max_event_time_ms / 1000;
  if (file.build_time_s != 0 && file.build_time_s <= last_s)
    text += " of "
            + logic::format_time(static_cast<std::int64_t>(file.build_time_s)
                                 * 1000);
  text += ", answers for";
  if (file.answers_v4)
    text += " IPv4";
  if (file.answers_v6)
    text += file.answers_v4 ? " and IPv6" : " IPv6";
  return text;
}

void check_geoip(const geoip::GeoipConfig& config,
                 std::vector<ConnectItem>& items) {
  if (config.files.empty())
    items.push_back(
      {"geoip.files", true, "none given; events carry no location"});
  for (const auto& path : config.files) {
    auto only_this = config;
    only_this.files = {path};
    const auto opened = geoip::GeoDatabase::open(only_this);
    std::string text = opened ? "" : opened.error().text;
    if (opened)
      for (const auto& file : (*opened)->files())
        text += describe_file(file);
    items.push_back({"GeoIP file " + path, opened.has_value(), text});
  }
}

} // namespace

std::vector<ConnectItem> check_connections(const NodeConfig& config) {
  std::vector<ConnectItem> items;
  check_kafka(config.kafka, items);
  check_geoip(config.geoip, items);
  return items;
}

} // namespace millrace::node::commands
