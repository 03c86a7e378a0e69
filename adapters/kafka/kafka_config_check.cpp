#include "adapters/kafka/kafka_config.hpp"

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/client_properties.hpp"
#include "adapters/kafka/consumer_settings.hpp"
#include "adapters/kafka/kafka_security_check.hpp"
#include "adapters/kafka/producing_client.hpp"
#include "adapters/kafka/server_list.hpp"
#include "adapters/kafka/topic_admin.hpp"
#include "adapters/kafka/topic_name.hpp"
#include "logic/core/nearest_word.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using logic::Error;
using logic::ErrorCode;

struct ProtectedProperty {
  std::string_view name;
  std::string_view reason;
};

/// What would break a promise of the node, or has a setting of its own.
constexpr std::array protected_properties = {
  ProtectedProperty{"bootstrap.servers", "set kafka.bootstrap_servers"},
  ProtectedProperty{"metadata.broker.list", "set kafka.bootstrap_servers"},
  ProtectedProperty{"client.id", "set kafka.client_id"},
  ProtectedProperty{"group.id", "set kafka.consumer_group"},
  ProtectedProperty{"session.timeout.ms", "set kafka.session_timeout"},
  ProtectedProperty{"socket.timeout.ms", "set kafka.socket_timeout"},
  ProtectedProperty{"compression.type", "set kafka.compression"},
  ProtectedProperty{"compression.codec", "set kafka.compression"},
  ProtectedProperty{"partitioner", "set kafka.partitioning"},
  ProtectedProperty{"linger.ms", "set kafka.linger"},
  ProtectedProperty{"queue.buffering.max.ms", "set kafka.linger"},
  ProtectedProperty{"delivery.timeout.ms", "set kafka.delivery_timeout"},
  ProtectedProperty{"message.timeout.ms", "set kafka.delivery_timeout"},
  ProtectedProperty{"security.protocol", "set kafka.security_protocol"},
  ProtectedProperty{"sasl.password",
                    "set kafka.sasl_password, which is masked"},
  ProtectedProperty{"sasl.password.location", "set kafka.sasl_password_file"},
  ProtectedProperty{"sasl.oauthbearer.client.secret",
                    "set kafka.oauth_client_secret, which is masked"},
  ProtectedProperty{"sasl.oauthbearer.client.secret.location",
                    "set kafka.oauth_client_secret_file"},
  ProtectedProperty{"ssl.key.password.location",
                    "set kafka.ssl_key_password_file"},
  ProtectedProperty{"ssl.key.password",
                    "set kafka.ssl_key_password, which is masked"},
  ProtectedProperty{"auto.offset.reset", "set kafka.auto_offset_reset"},
  ProtectedProperty{"enable.partition.eof",
                    "the node needs to know of the ends of partitions"},
  ProtectedProperty{"enable.auto.commit",
                    "offsets are committed by the node, after delivery"},
  ProtectedProperty{"enable.auto.offset.store",
                    "offsets are committed by the node, after delivery"},
  ProtectedProperty{"enable.idempotence",
                    "without it a retry can repeat or reorder records"},
  ProtectedProperty{"acks", "anything but all can lose delivered records"},
  ProtectedProperty{"request.required.acks",
                    "anything but all can lose delivered records"},
  ProtectedProperty{"partition.assignment.strategy", "set kafka.assignor"},
  ProtectedProperty{"group.protocol", "set kafka.group_protocol"},
  ProtectedProperty{"group.protocol.type",
                    "the node's groups are those of consumers"},
  ProtectedProperty{"group.remote.assignor",
                    "set kafka.assignor, with kafka.group_protocol consumer"},
  ProtectedProperty{"group.instance.id",
                    "set kafka.static_membership and node.name"},
  ProtectedProperty{"max.poll.interval.ms",
                    "a node without credit would be put out of the group"},
  ProtectedProperty{"queued.max.messages.kbytes",
                    "the memory budget decides it"},
  ProtectedProperty{"queue.buffering.max.messages",
                    "the memory budget decides it"},
  ProtectedProperty{"queue.buffering.max.kbytes",
                    "the memory budget decides it"},
  ProtectedProperty{"receive.message.max.bytes",
                    "the memory budget decides it"},
  ProtectedProperty{"message.max.bytes", "set kafka.max_message"},
  ProtectedProperty{"heartbeat.interval.ms",
                    "kafka.session_timeout decides it"},
  ProtectedProperty{"delivery.report.only.error",
                    "the node waits for the report of every record"},
  ProtectedProperty{"retries", "kafka.delivery_timeout says how long a record "
                               "is tried; one that is given up early is "
                               "written behind its successors"},
  ProtectedProperty{"message.send.max.retries",
                    "kafka.delivery_timeout says how long a record is tried; "
                    "one that is given up early is written behind its "
                    "successors"},
  ProtectedProperty{"topic.blacklist",
                    "it would hide the node's own topics from it"},
  ProtectedProperty{"allow.auto.create.topics",
                    "a slip in a name must not create a topic"},
  ProtectedProperty{"topic.metadata.refresh.interval.ms",
                    "the node must notice partitions that are added"},
  ProtectedProperty{"transactional.id", "set delivery.guarantee and node.name"},
};

void check_topics(const KafkaConfig& config, std::vector<Error>& faults) {
  const std::array topics = {
    std::pair{"input_topic", &config.input_topic},
    std::pair{"output_topic", &config.output_topic},
    std::pair{"dlq_topic", &config.dlq_topic},
    std::pair{"insights_topic", &config.insights_topic},
  };
  for (auto first = topics.begin(); first != topics.end(); ++first)
    for (auto second = first + 1; second != topics.end(); ++second)
      if (!first->second->empty() && *first->second == *second->second)
        faults.push_back({ErrorCode::invalid_config,
                          std::string{"kafka."} + first->first + " and kafka."
                            + second->first + " are both " + *first->second});
  for (const auto& [name, topic] : topics)
    if (!topic->empty() && !is_topic_name(*topic))
      faults.push_back({ErrorCode::invalid_config,
                        std::string{"kafka."} + name + " \"" + *topic
                          + "\" is no name of a topic: at most 249 of "
                            "letters, digits, '.', '_' and '-'"});
  const auto add_fault = [&faults](const logic::Error& error) {
    faults.push_back(
      {ErrorCode::invalid_config, "kafka.create_topics: " + error.text});
  };
  const auto before = faults.size();
  for (const auto& text : config.create_topics)
    if (const auto spec = parse_topic_spec(text); !spec)
      add_fault(spec.error());
  if (faults.size() != before)
    return;
  if (const auto specs = parse_topic_specs(config.create_topics); !specs)
    add_fault(specs.error());
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const auto first = text.find_first_not_of(blanks);
  return first == std::string_view::npos
           ? std::string_view{}
           : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view without_brackets(std::string_view host) {
  return host.starts_with('[') && host.ends_with(']')
           ? host.substr(1, host.size() - 2)
           : host;
}

void check_servers(const KafkaConfig& config, std::vector<Error>& faults) {
  const auto add = [&faults](std::string text) {
    faults.push_back({ErrorCode::invalid_config, std::move(text)});
  };
  for (const auto& fault :
       parse_server_list(config.bootstrap_servers, config.security_protocol)
         .faults)
    add("kafka.bootstrap_servers: " + fault);
  if (config.bootstrap_host.empty())
    return;
  if (const auto reason = host_fault(without_brackets(config.bootstrap_host));
      !reason.empty())
    add("kafka.bootstrap_host: '" + config.bootstrap_host + "' " + reason
        + "; it is one host alone, its port is kafka.bootstrap_port");
}

/// Kafka takes any text as the name of a group or a client, so that a slip
/// would quietly be another one.
void check_names(const KafkaConfig& config, std::vector<Error>& faults) {
  constexpr std::size_t longest_name = 249;
  for (const auto& [key, name] :
       {std::pair{"consumer_group", &config.consumer_group},
        std::pair{"client_id", &config.client_id}}) {
    const auto add = [&faults, key = key](const char* text) {
      faults.push_back(
        {ErrorCode::invalid_config, std::string{"kafka."} + key + " " + text});
    };
    if (name->find_first_of("\"'`") != std::string::npos)
      add("holds a quote; write it without quotes");
    if (name->size() > longest_name)
      add("is longer than 249 bytes");
  }
}

/// What the brokers decide is not to be set beside it, as it would have no
/// effect.
void check_group_protocol(const KafkaConfig& config,
                          std::vector<Error>& faults) {
  if (!config.broker_assigns())
    return;
  const auto add = [&faults](std::string text) {
    faults.push_back({ErrorCode::invalid_config, std::move(text)});
  };
  const KafkaConfig defaults;
  if (config.session_timeout != defaults.session_timeout)
    add("kafka.session_timeout would have no effect with kafka.group_protocol "
        "consumer, where the brokers decide: take it out, and set their "
        "group.consumer.session.timeout.ms or, for this group alone, "
        "consumer.session.timeout.ms with kafka-configs --alter --group "
        + config.consumer_group);
  if (config.assignor == "roundrobin")
    add("kafka.assignor: the brokers of kafka.group_protocol consumer have no "
        "roundrobin; take it out for their default (uniform), or set range");
}

/// Why the node keeps a property to itself; empty where it does not.
std::string_view protection_of(std::string_view name) {
  const auto* const ours = std::find_if(
    protected_properties.begin(), protected_properties.end(),
    [name](const auto& each) { return each.name == name; });
  return ours == protected_properties.end() ? std::string_view{} : ours->reason;
}

/// Names the nearest property, or the setting that stands in its place.
std::string unknown_property_text(const std::string& name) {
  const auto near = logic::nearest_word(name, client_property_names());
  auto text = "kafka.properties: the client has no property '" + name + "'";
  if (!near.empty())
    text += " (did you mean '" + near + "'?)";
  if (const auto reason = protection_of(near); !near.empty() && !reason.empty())
    return text + ", which must not be set there: " + std::string{reason};
  return text
         + "; its names are in librdkafka's CONFIGURATION.md (Java clients "
           "have others)";
}

/// Raw properties: ours stay ours, and the client must know the others.
void check_properties(const KafkaConfig& config, std::vector<Error>& faults) {
  const Owned<rd_kafka_conf_t, rd_kafka_conf_destroy> scratch{
    rd_kafka_conf_new()};
  for (const auto& text : config.properties) {
    auto property = parse_property(text);
    if (!property) {
      faults.push_back(property.error());
      continue;
    }
    const auto& [name, value] = *property;
    if (const auto reason = protection_of(name); !reason.empty()) {
      faults.push_back(
        {ErrorCode::invalid_config,
         "kafka.properties must not set " + name + ": " + std::string{reason}});
      continue;
    }
    std::array<char, 512> words{};
    const auto set = rd_kafka_conf_set(
      scratch.get(), name.c_str(), value.c_str(), words.data(), words.size());
    if (set == RD_KAFKA_CONF_UNKNOWN)
      faults.push_back(
        {ErrorCode::invalid_config, unknown_property_text(name)});
    else if (set != RD_KAFKA_CONF_OK)
      faults.push_back({ErrorCode::invalid_config,
                        "kafka.properties: " + name + ": " + words.data()});
  }
}

/// What to look at where the client refuses its settings; its own words are
/// behind.
std::string refusal_text(const KafkaConfig& config, const std::string& words) {
  const auto speaks_of = [&words](std::string_view part) {
    return words.find(part) != std::string::npos;
  };
  const auto behind = " (" + words + ")";
  if (speaks_of("key values mismatch"))
    return "kafka.ssl_key_file: " + config.ssl_key_file
           + " is not the key of the certificate in "
             "kafka.ssl_certificate_file"
           + behind;
  if (speaks_of("ssl.key.location") && !config.ssl_key_file.empty())
    return "kafka.ssl_key_file: " + config.ssl_key_file
           + (config.ssl_key_password.empty()
                ? " is damaged, or needs kafka.ssl_key_password"
                : " is damaged, or kafka.ssl_key_password is not its password")
           + behind;
  if (speaks_of("ssl.certificate.location")
      && !config.ssl_certificate_file.empty())
    return "kafka.ssl_certificate_file: " + config.ssl_certificate_file
           + " is damaged; write it anew" + behind;
  if (speaks_of("ssl.ca.location") && !config.ssl_ca_file.empty())
    return "kafka.ssl_ca_file: " + config.ssl_ca_file
           + " is damaged; write it anew" + behind;
  return "the client refuses these settings of section kafka together" + behind;
}

/// Makes the node's clients without a broker to talk to and drops them: what
/// they would refuse when the node starts, such as a key that is not the
/// certificate's, shows now.
void check_clients(const KafkaConfig& config, std::vector<Error>& faults) {
  // These two would ask for tokens and tickets.
  if (config.sasl_mechanism == "OAUTHBEARER"
      || config.sasl_mechanism == "GSSAPI")
    return;
  auto alone = config;
  alone.bootstrap_servers.clear();
  std::erase_if(alone.properties, [](const std::string& text) {
    return text.starts_with("debug=");
  });
  auto client = create_producing_client(
    alone, {}, {message_room(alone, alone.max_message.bytes)});
  if (client)
    client = create_consumer(alone, logic::MemoryPlan{});
  if (!client)
    faults.push_back(
      {ErrorCode::invalid_config, refusal_text(config, client.error().text)});
}

} // namespace

std::vector<Error> check(const KafkaConfig& config) {
  std::vector<Error> faults;
  if (config.enable_auto_commit)
    faults.push_back({ErrorCode::invalid_config,
                      "kafka.enable_auto_commit must be false: with it Kafka "
                      "takes records for done that were never delivered, and "
                      "a crash loses them; the node commits after delivery"});
  check_servers(config, faults);
  check_names(config, faults);
  check_topics(config, faults);
  check_security(config, faults);
  check_group_protocol(config, faults);
  if (config.delivery_timeout.count() != 0
      && config.delivery_timeout < config.linger)
    faults.push_back({ErrorCode::invalid_config,
                      "kafka.delivery_timeout must not be below kafka.linger"});
  if (config.fetch_max.bytes < config.fetch_max_partition.bytes)
    faults.push_back(
      {ErrorCode::invalid_config,
       "kafka.fetch_max must not be below kafka.fetch_max_partition"});
  check_properties(config, faults);
  if (faults.empty())
    check_clients(config, faults);
  return faults;
}

KafkaConfig health_check_config(const KafkaConfig& config) {
  auto asked = config;
  asked.bootstrap_host.clear();
  asked.bootstrap_port = 0;
  if (config.bootstrap_host.empty() && config.bootstrap_port == 0)
    return asked;
  Server server{std::string{without_brackets(config.bootstrap_host)}};
  if (server.host.empty()) {
    const auto list = parse_server_list(config.bootstrap_servers,
                                        config.security_protocol);
    if (list.servers.empty())
      return asked;
    server = list.servers.front();
  }
  if (config.bootstrap_port != 0)
    server.port = static_cast<std::uint16_t>(config.bootstrap_port);
  asked.bootstrap_servers = to_string(server);
  return asked;
}

logic::Result<std::pair<std::string, std::string>>
parse_property(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return Error{ErrorCode::invalid_config,
                 "kafka.properties: \"" + std::string{text.substr(0, equals)}
                   + "\" is not name=value"};
  return std::pair{std::string{trimmed(text.substr(0, equals))},
                   std::string{trimmed(text.substr(equals + 1))}};
}

} // namespace millrace::adapters::kafka
