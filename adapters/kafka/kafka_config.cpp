#include "adapters/kafka/kafka_config.hpp"

#include "adapters/kafka/topic_admin.hpp"
#include "adapters/kafka/topic_name.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using logic::Error;
using logic::ErrorCode;
using logic::SettingVisitor;

constexpr double day_ms = 86'400'000;
constexpr double max_record_bytes = 1'000'000'000;

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
  ProtectedProperty{"partition.assignment.strategy",
                    "the node gives partitions back cooperatively"},
  ProtectedProperty{"group.protocol",
                    "the node gives partitions back by the classic protocol"},
  ProtectedProperty{"max.poll.interval.ms",
                    "a node without credit would be put out of the group"},
  ProtectedProperty{"queued.max.messages.kbytes",
                    "the memory budget decides it"},
  ProtectedProperty{"queue.buffering.max.messages",
                    "the memory budget decides it"},
  ProtectedProperty{"queue.buffering.max.kbytes",
                    "the memory budget decides it"},
  ProtectedProperty{"transactional.id", "the node names its own transactions"},
};

void describe_topics(SettingVisitor& visitor, KafkaConfig& config) {
  visitor.setting({.name = "input_topic",
                   .help = "The topic to read login events from.",
                   .variable = "KAFKA_INPUT_TOPIC",
                   .aliases = {"INPUT_TOPIC", "KAFKA_TOPIC", "KAFKA_TOPIC_IN"},
                   .required = true},
                  &config.input_topic);
  visitor.setting({.name = "output_topic",
                   .help = "The topic for checked, enriched and judged events.",
                   .variable = "KAFKA_OUTPUT_TOPIC",
                   .aliases = {"KAFKA_TOPIC_OUT"},
                   .required = true},
                  &config.output_topic);
  visitor.setting({.name = "dlq_topic",
                   .help = "The topic for records that were set aside, with "
                           "their bytes untouched and the reason in headers.",
                   .variable = "KAFKA_DLQ_TOPIC",
                   .required = true},
                  &config.dlq_topic);
  visitor.setting({.name = "insights_topic",
                   .help = "The topic for rolling counts; empty for none."},
                  &config.insights_topic);
  visitor.setting({.name = "create_topics",
                   .help = "Topics to create at start where they are missing, "
                           "as name:partitions:replication, separated by "
                           "commas.",
                   .variable = "KAFKA_CREATE_TOPICS"},
                  &config.create_topics);
}

void describe_consumer(SettingVisitor& visitor, KafkaConfig& config) {
  visitor.setting(
    {.name = "consumer_group",
     .help = "The consumer group; nodes that share the work share the group.",
     .variable = "KAFKA_CONSUMER_GROUP",
     .aliases = {"CONSUMER_GROUP"},
     .required = true},
    &config.consumer_group);
  visitor.setting({.name = "auto_offset_reset",
                   .help = "Where to start without a committed offset. With "
                           "none the node stops and says so.",
                   .choices = {"earliest", "latest", "none"},
                   .variable = "KAFKA_AUTO_OFFSET_RESET"},
                  &config.auto_offset_reset);
  visitor.setting(
    {.name = "on_missing_offsets",
     .help = "What to do where reading cannot go on from the offset that was "
             "committed, as retention passed it, the log was cut off or the "
             "topic created again: continue from where auto_offset_reset says, "
             "with a warning and a metric, or stop the node with exit code 11.",
     .choices = {"continue", "stop"}},
    &config.on_missing_offsets);
  visitor.setting(
    {.name = "enable_auto_commit",
     .help = "Must be false: an offset is committed only after "
             "its record was delivered.",
     .variable = "KAFKA_ENABLE_AUTO_COMMIT",
     .aliases = {"KAFKA_ENABLE_AUTO_COMMT", "ENABLE_AUTO_COMMIT"}},
    &config.enable_auto_commit);
  visitor.setting({.name = "session_timeout",
                   .help = "How long the group waits for a silent member.",
                   .min = 1'000,
                   .max = 3'600'000,
                   .variable = "KAFKA_SESSION_TIMEOUT"},
                  &config.session_timeout);
  visitor.setting({.name = "fetch_wait",
                   .help = "How long a broker may hold a fetch that finds "
                           "nothing. A broker answers at once when a record "
                           "comes, except the embedded one, which sleeps.",
                   .min = 1,
                   .max = 30'000},
                  &config.fetch_wait);
  visitor.setting({.name = "fetch_max_partition",
                   .help = "Bytes of one partition in one fetch.",
                   .min = 1'024,
                   .max = max_record_bytes},
                  &config.fetch_max_partition);
  visitor.setting({.name = "fetch_max",
                   .help = "Bytes in one fetch.",
                   .min = 1'024,
                   .max = max_record_bytes},
                  &config.fetch_max);
}

void describe_producer(SettingVisitor& visitor, KafkaConfig& config) {
  visitor.setting({.name = "max_message",
                   .help = "Bytes of the largest record to produce; the "
                           "topics' max.message.bytes must allow it.",
                   .min = 1'000,
                   .max = max_record_bytes},
                  &config.max_message);
  visitor.setting({.name = "compression",
                   .help = "Compression of what is produced.",
                   .choices = {"none", "gzip", "snappy", "lz4", "zstd"}},
                  &config.compression);
  visitor.setting({.name = "partitioning",
                   .help = "Partition of an output: source keeps the input's "
                           "partition number (modulo) and so its order; key "
                           "hashes the key as Java clients do.",
                   .choices = {"source", "key"}},
                  &config.partitioning);
  visitor.setting({.name = "linger",
                   .help = "How long a record waits for company.",
                   .min = 0,
                   .max = 900'000},
                  &config.linger);
  visitor.setting({.name = "batch_messages",
                   .help = "Records in one produced batch.",
                   .min = 1,
                   .max = 1'000'000},
                  &config.batch_messages);
  visitor.setting({.name = "delivery_timeout",
                   .help = "How long the client tries to deliver a record "
                           "before the node sends it anew, which can reorder "
                           "and double it; 0 tries for as long as it takes.",
                   .min = 0,
                   .max = day_ms},
                  &config.delivery_timeout);
}

void describe_security(SettingVisitor& visitor, KafkaConfig& config) {
  visitor.setting(
    {.name = "security_protocol",
     .help = "How to talk to the brokers.",
     .choices = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"}},
    &config.security_protocol);
  visitor.setting({.name = "sasl_mechanism",
                   .help = "SASL mechanism, for the sasl protocols.",
                   .choices = {"", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512",
                               "OAUTHBEARER", "GSSAPI"}},
                  &config.sasl_mechanism);
  visitor.setting({.name = "sasl_username", .help = "SASL user."},
                  &config.sasl_username);
  visitor.setting(
    {.name = "sasl_password", .help = "SASL password.", .secret = true},
    &config.sasl_password);
  visitor.setting({.name = "ssl_ca_file",
                   .help = "CA certificates (PEM) that brokers must be signed "
                           "by; the system's where empty."},
                  &config.ssl_ca_file);
  visitor.setting({.name = "ssl_certificate_file",
                   .help = "Certificate (PEM) of this node, for mutual TLS."},
                  &config.ssl_certificate_file);
  visitor.setting(
    {.name = "ssl_key_file", .help = "Private key (PEM) of that certificate."},
    &config.ssl_key_file);
  visitor.setting({.name = "ssl_key_password",
                   .help = "Password of that key.",
                   .secret = true},
                  &config.ssl_key_password);
}

void check_security(const KafkaConfig& config, std::vector<Error>& faults) {
  const auto add = [&faults](std::string text) {
    faults.push_back({ErrorCode::invalid_config, std::move(text)});
  };
  const bool sasl = config.security_protocol.starts_with("sasl");
  if (sasl && config.sasl_mechanism.empty())
    add("kafka.security_protocol " + config.security_protocol
        + " needs kafka.sasl_mechanism");
  if (!sasl && !config.sasl_mechanism.empty())
    add("kafka.sasl_mechanism has no effect with kafka.security_protocol "
        + config.security_protocol + "; use sasl_ssl or sasl_plaintext");
  const bool password = config.sasl_mechanism == "PLAIN"
                        || config.sasl_mechanism.starts_with("SCRAM");
  if (sasl && password
      && (config.sasl_username.empty() || config.sasl_password.empty()))
    add("kafka.sasl_mechanism " + config.sasl_mechanism
        + " needs kafka.sasl_username and kafka.sasl_password");
  const bool tls = config.security_protocol.ends_with("ssl");
  const bool files = !config.ssl_ca_file.empty()
                     || !config.ssl_certificate_file.empty()
                     || !config.ssl_key_file.empty();
  if (!tls && files)
    add("kafka.ssl_* files have no effect with kafka.security_protocol "
        + config.security_protocol + "; use ssl or sasl_ssl");
  if (config.ssl_certificate_file.empty() != config.ssl_key_file.empty())
    add("kafka.ssl_certificate_file and kafka.ssl_key_file need each other");
}

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
  for (const auto& text : config.create_topics)
    if (auto spec = parse_topic_spec(text); !spec)
      faults.push_back({ErrorCode::invalid_config,
                        "kafka.create_topics: " + spec.error().text});
}

} // namespace

void describe(SettingVisitor& visitor, KafkaConfig& config) {
  visitor.section("kafka", "Brokers, topics and the clients' behaviour.");
  visitor.setting({.name = "bootstrap_servers",
                   .help = "Brokers to ask first, as host:port, separated by "
                           "commas.",
                   .variable = "KAFKA_BOOTSTRAP_SERVERS",
                   .aliases = {"BOOTSTRAP_SERVERS", "KAFKA_BROKER_URL"},
                   .required = true},
                  &config.bootstrap_servers);
  visitor.setting({.name = "bootstrap_host",
                   .help = "Host that the health check asks instead of "
                           "bootstrap_servers.",
                   .variable = "KAFKA_BOOTSTRAP_HOST"},
                  &config.bootstrap_host);
  visitor.setting({.name = "bootstrap_port",
                   .help = "Port for bootstrap_host; 0 means 9092.",
                   .min = 0,
                   .max = 65'535,
                   .variable = "KAFKA_BOOTSTRAP_PORT"},
                  &config.bootstrap_port);
  visitor.setting({.name = "client_id",
                   .help = "Name of this node in the brokers' logs and quotas.",
                   .required = true},
                  &config.client_id);
  visitor.setting({.name = "socket_timeout",
                   .help = "How long a request may remain unanswered.",
                   .min = 1'000,
                   .max = 300'000,
                   .variable = "KAFKA_SOCKET_TIMEOUT"},
                  &config.socket_timeout);
  describe_topics(visitor, config);
  describe_consumer(visitor, config);
  describe_producer(visitor, config);
  describe_security(visitor, config);
  visitor.setting({.name = "properties",
                   .help = "Further settings of librdkafka as name=value, for "
                           "what has no setting here."},
                  &config.properties);
}

std::vector<Error> check(const KafkaConfig& config) {
  std::vector<Error> faults;
  if (config.enable_auto_commit)
    faults.push_back({ErrorCode::invalid_config,
                      "kafka.enable_auto_commit must be false: with it Kafka "
                      "takes records for done that were never delivered, and "
                      "a crash loses them; the node commits after delivery"});
  check_topics(config, faults);
  check_security(config, faults);
  if (config.delivery_timeout.count() != 0
      && config.delivery_timeout < config.linger)
    faults.push_back({ErrorCode::invalid_config,
                      "kafka.delivery_timeout must not be below kafka.linger"});
  if (config.fetch_max.bytes < config.fetch_max_partition.bytes)
    faults.push_back(
      {ErrorCode::invalid_config,
       "kafka.fetch_max must not be below kafka.fetch_max_partition"});
  for (const auto& text : config.properties) {
    auto property = parse_property(text);
    if (!property) {
      faults.push_back(property.error());
      continue;
    }
    for (const auto& each : protected_properties)
      if (each.name == property->first)
        faults.push_back({ErrorCode::invalid_config,
                          "kafka.properties must not set " + property->first
                            + ": " + std::string{each.reason}});
  }
  return faults;
}

logic::Result<std::pair<std::string, std::string>>
parse_property(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return Error{ErrorCode::invalid_config,
                 "kafka.properties: \"" + std::string{text.substr(0, equals)}
                   + "\" is not name=value"};
  return std::pair{std::string{text.substr(0, equals)},
                   std::string{text.substr(equals + 1)}};
}

} // namespace millrace::adapters::kafka
