#include "node/commands/connect_check.hpp"

#include "adapters/geoip/geo_database.hpp"
#include "adapters/kafka/topic_admin.hpp"
#include "adapters/kafka/user_rights.hpp"
#include "logic/core/event_time.hpp"
#include "logic/detection/model.hpp"
#include "node/lifecycle/node_files.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace millrace::node::commands {

namespace {

namespace kafka = adapters::kafka;
namespace geoip = adapters::geoip;

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

/// What the brokers say of the topics.
struct TopicAnswers {
  std::vector<kafka::TopicInfo> topics;
  kafka::TopicLimitsByName limits;
};

/// What a topic takes, with what follows from it.
std::string describe_limits(const kafka::KafkaConfig& config,
                            const kafka::TopicLimitsByName& limits,
                            const std::string& topic) {
  const auto found = limits.find(topic);
  const auto known = found == limits.end() ? kafka::TopicLimits{}
                                           : found->second;
  auto text = ", " + to_text(known);
  if (topic != config.input_topic && known.compacted)
    text += "; it refuses every record without a key";
  if (topic == config.dlq_topic)
    if (const auto input = limits.find(config.input_topic);
        input != limits.end()
        && known.max_message_bytes <= input->second.max_message_bytes)
      text += "; a record of the input's limit fits no dead letter, which "
              "takes some 1024 bytes more (see delivery.oversized_dead_letter)";
  return text;
}

/// Judges one topic by the list of all: to ask for a topic by its name may
/// create it, and a check changes nothing.
ConnectItem check_topic(const kafka::KafkaConfig& config,
                        const TopicAnswers& answers, const std::string& topic) {
  const auto& topics = answers.topics;
  const auto found = std::find_if(
    topics.begin(), topics.end(),
    [&](const kafka::TopicInfo& it) { return it.name == topic; });
  if (found != topics.end())
    return {{},
            true,
            std::to_string(found->partitions)
              + (found->partitions == 1 ? " partition" : " partitions")
              + describe_limits(config, answers.limits, topic)};
  if (will_be_created(config, topic))
    return {{}, true, "does not exist yet; will be created at the start"};
  return {{},
          false,
          "does not exist, or this user may not see it; create it, or let the "
          "node do so: KAFKA_CREATE_TOPICS="
            + topic + ":PARTITIONS:REPLICATION"};
}

/// Whether this user may do with the topic what the node does with it.
void check_right(const kafka::KafkaConfig& config, kafka::UserRights& rights,
                 const std::string& topic, std::chrono::milliseconds deadline,
                 ConnectItem& item) {
  const auto use = topic == config.input_topic ? kafka::UserRights::Use::read
                                               : kafka::UserRights::Use::write;
  if (const auto allowed = rights.check_topic(topic, use, deadline); !allowed) {
    item.reached = false;
    item.text = allowed.error().text;
  }
}

ConnectItem check_group(const kafka::KafkaConfig& config,
                        kafka::UserRights& rights,
                        std::chrono::milliseconds deadline) {
  ConnectItem item{"group " + config.consumer_group + " (kafka.consumer_group)",
                   true, "this user may read in it"};
  if (const auto allowed = rights.check_group(config.consumer_group, deadline);
      !allowed)
    return {item.name, false, allowed.error().text};
  if (config.broker_assigns())
    return item; // they decide
  const auto bounds = rights.session_bounds(deadline);
  if (bounds
      && (config.session_timeout < bounds->least
          || config.session_timeout > bounds->most))
    return {item.name, false,
            "the brokers take a kafka.session_timeout from "
              + std::to_string(bounds->least.count()) + " to "
              + std::to_string(bounds->most.count())
              + " ms (group.min.session.timeout.ms and "
                "group.max.session.timeout.ms), not "
              + std::to_string(config.session_timeout.count()) + " ms"};
  return item;
}

void check_kafka(const kafka::KafkaConfig& settings,
                 std::chrono::milliseconds deadline,
                 std::vector<ConnectItem>& items) {
  const auto config = kafka::health_check_config(settings);
  using Topics = logic::Result<std::vector<kafka::TopicInfo>>;
  const auto admin = kafka::TopicAdmin::open(config);
  const auto reachable = admin ? (*admin)->check_reachable(deadline)
                               : logic::Result<void>{admin.error()};
  const Topics topics = reachable ? (*admin)->topics(deadline)
                                  : Topics{reachable.error()};
  const std::string_view own_key = settings.bootstrap_host.empty()
                                     ? "kafka.bootstrap_port"
                                     : "kafka.bootstrap_host";
  const bool is_own = config.bootstrap_servers != settings.bootstrap_servers;
  items.push_back({"broker " + config.bootstrap_servers
                     + (is_own ? " (" + std::string{own_key} + ")" : ""),
                   topics.has_value(),
                   topics ? "answers" : topics.error().text});
  TopicAnswers answers;
  if (topics) {
    answers.topics = *topics;
    std::vector<std::string> names;
    for (const auto& [key, topic] : used_topics(config))
      names.push_back(topic);
    // Where this user may not ask, Kafka's defaults are assumed.
    if (auto limits = (*admin)->limits(names, deadline))
      answers.limits = *std::move(limits);
  }
  const auto rights = kafka::UserRights::open(config);
  for (const auto& [key, topic] : used_topics(config)) {
    auto item = topics ? check_topic(config, answers, topic)
                       : ConnectItem{{}, false, "unknown, see the broker"};
    if (topics && rights && item.reached && !will_be_created(config, topic))
      check_right(config, **rights, topic, deadline, item);
    item.name = "topic " + topic + " (kafka." + key + ")";
    items.push_back(std::move(item));
  }
  if (topics && rights)
    items.push_back(check_group(config, **rights, deadline));
}

void check_state_topic(const NodeConfig& config,
                       std::chrono::milliseconds deadline,
                       std::vector<ConnectItem>& items) {
  if (state_place(config) != "topic")
    return;
  const auto parameters = state_topic_of(config);
  const auto admin = kafka::TopicAdmin::open(
    kafka::health_check_config(config.kafka));
  const auto look = admin ? kafka::look_at_state_topic(**admin, parameters,
                                                       deadline)
                          : logic::Result<std::string>{admin.error()};
  items.push_back({"topic " + parameters.topic + " (detection.state_topic)",
                   look.has_value(), look ? *look : look.error().text});
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

void check_quiet_networks(const logic::detection::DetectionConfig& config,
                          std::vector<ConnectItem>& items) {
  if (config.quiet_networks.empty())
    return;
  const auto opened = open_quiet_networks(config.quiet_networks);
  items.push_back({"detection.quiet_networks", opened.has_value(),
                   opened ? std::to_string((*opened)->current()->size())
                              + " networks and autonomous systems"
                          : opened.error().text});
}

void check_model(const logic::detection::DetectionConfig& config,
                 std::vector<ConnectItem>& items) {
  if (!config.enabled || config.model_file.empty()) {
    items.push_back({"detection.model_file", true,
                     config.enabled ? "none given; the forest is fitted from "
                                      "the stream"
                                    : "not needed; detection is off"});
    return;
  }
  ConnectItem item{"model " + config.model_file, false, {}};
  const auto model = open_model(config);
  item.reached = model.has_value();
  if (item.reached) {
    const auto& info = (*model)->info;
    item.text = "id " + info.id + ", "
                + std::to_string(info.feature_names.size())
                + " features, fitted from " + std::to_string(info.training_rows)
                + " rows";
  } else {
    item.text = model.error().text;
  }
  items.push_back(std::move(item));
}

} // namespace

std::vector<ConnectItem> check_connections(const NodeConfig& config,
                                           std::chrono::milliseconds deadline) {
  std::vector<ConnectItem> items;
  if (!config.node.is_worker())
    check_kafka(config.kafka, deadline, items);
  check_state_topic(config, deadline, items);
  check_geoip(config.geoip, items);
  check_quiet_networks(config.detection, items);
  check_model(config.detection, items);
  return items;
}

} // namespace millrace::node::commands
