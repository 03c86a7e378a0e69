#include "adapters/kafka/kafka_config.hpp"

namespace millrace::adapters::kafka {

namespace {

using logic::SettingVisitor;

constexpr double day_ms = 86'400'000;
constexpr double max_record_bytes = 1'000'000'000;

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
                   .help = "The topic for rolling counts; empty for none.",
                   .variable = "KAFKA_INSIGHTS_TOPIC"},
                  &config.insights_topic);
  visitor.setting({.name = "create_topics",
                   .help = "Topics to create at start where they are missing, "
                           "as name:partitions:replication, separated by "
                           "commas.",
                   .variable = "KAFKA_CREATE_TOPICS"},
                  &config.create_topics);
}

void describe_group(SettingVisitor& visitor, KafkaConfig& config) {
  visitor.setting(
    {.name = "consumer_group",
     .help = "The consumer group; nodes that share the work share the group.",
     .variable = "KAFKA_CONSUMER_GROUP",
     .aliases = {"KAFKA_GROUP_ID", "KAFKA_GROUP", "KAFKA_CONSUMER_GROUP_ID",
                 "CONSUMER_GROUP"},
     .required = true},
    &config.consumer_group);
  visitor.setting(
    {.name = "group_protocol",
     .help = "How the group is led, the same on all its nodes: classic by its "
             "members, or consumer by the brokers (KIP-848, from Kafka 4.0), "
             "which then decide about session time-out and heartbeats: their "
             "defaults of 45 and 5 s move partitions later than classic does.",
     .choices = {"classic", "consumer"},
     .variable = "KAFKA_GROUP_PROTOCOL"},
    &config.group_protocol);
  visitor.setting(
    {.name = "static_membership",
     .help = "Whether the group knows this node by node.name (KIP-345), so "
             "that its partitions wait for it over a restart, at most "
             "session_timeout, instead of moving away and back. Needs a "
             "node.name that lasts and that no other node of the group has.",
     .variable = "KAFKA_STATIC_MEMBERSHIP"},
    &config.static_membership);
  visitor.setting({.name = "assignor",
                   .help = "How the group shares out partitions, the same on "
                           "all its nodes: cooperative-sticky moves only what "
                           "must move, range and roundrobin take all from all "
                           "for a moment. To change it between the two kinds "
                           "stop all nodes first. With group_protocol consumer "
                           "the brokers' uniform or range.",
                   .choices = {"cooperative-sticky", "range", "roundrobin"},
                   .variable = "KAFKA_ASSIGNOR",
                   .aliases = {"KAFKA_PARTITION_ASSIGNMENT_STRATEGY"}},
                  &config.assignor);
  visitor.setting({.name = "session_timeout",
                   .help = "How long the group waits for a silent member "
                           "before others get its partitions; with "
                           "group_protocol consumer the brokers decide.",
                   .min = 1'000,
                   .max = 3'600'000,
                   .variable = "KAFKA_SESSION_TIMEOUT",
                   .aliases = {"KAFKA_SESSION_TIMEOUT_MS"}},
                  &config.session_timeout);
}

void describe_reading(SettingVisitor& visitor, KafkaConfig& config) {
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
                   .choices = {"none", "gzip", "snappy", "lz4", "zstd"},
                   .variable = "KAFKA_COMPRESSION_TYPE",
                   .aliases = {"KAFKA_COMPRESSION"}},
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

void describe_tokens(SettingVisitor& visitor, KafkaConfig& config) {
  visitor.setting(
    {.name = "oauth_token_url",
     .help = "Where OAUTHBEARER gets its tokens, as https://...: the token "
             "endpoint of an OpenID provider, for the grant of client "
             "credentials.",
     .variable = "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL"},
    &config.oauth_token_url);
  visitor.setting({.name = "oauth_client_id",
                   .help = "Who asks there for a token.",
                   .variable = "KAFKA_SASL_OAUTHBEARER_CLIENT_ID"},
                  &config.oauth_client_id);
  visitor.setting({.name = "oauth_client_secret",
                   .help = "The secret of that client. From a file it is read "
                           "anew for each token.",
                   .variable = "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET",
                   .secret = true,
                   .path = &config.oauth_client_secret_path},
                  &config.oauth_client_secret);
  visitor.setting({.name = "oauth_scope",
                   .help = "The scope to ask for, where the provider wants "
                           "one.",
                   .variable = "KAFKA_SASL_OAUTHBEARER_SCOPE"},
                  &config.oauth_scope);
  visitor.setting({.name = "oauth_ca_file",
                   .help = "CA certificates (PEM) that the token endpoint must "
                           "be signed by; the system's where empty.",
                   .variable = "KAFKA_SASL_OAUTHBEARER_CA_FILE"},
                  &config.oauth_ca_file);
}

void describe_security(SettingVisitor& visitor, KafkaConfig& config) {
  visitor.setting(
    {.name = "security_protocol",
     .help = "How to talk to the brokers.",
     .choices = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"},
     .variable = "KAFKA_SECURITY_PROTOCOL"},
    &config.security_protocol);
  visitor.setting({.name = "sasl_mechanism",
                   .help = "SASL mechanism, for the sasl protocols.",
                   .choices = {"", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512",
                               "OAUTHBEARER", "GSSAPI"},
                   .variable = "KAFKA_SASL_MECHANISM",
                   .aliases = {"KAFKA_SASL_MECHANISMS"}},
                  &config.sasl_mechanism);
  visitor.setting({.name = "sasl_username",
                   .help = "SASL user.",
                   .variable = "KAFKA_SASL_USERNAME",
                   .aliases = {"KAFKA_SASL_USER", "KAFKA_USERNAME"}},
                  &config.sasl_username);
  visitor.setting({.name = "sasl_password",
                   .help = "SASL password. From a file it is read anew at "
                           "each authentication.",
                   .variable = "KAFKA_SASL_PASSWORD",
                   .aliases = {"KAFKA_SASL_PASS", "KAFKA_PASSWORD"},
                   .secret = true,
                   .path = &config.sasl_password_path},
                  &config.sasl_password);
  describe_tokens(visitor, config);
  visitor.setting({.name = "ssl_ca_file",
                   .help = "CA certificates (PEM) that brokers must be signed "
                           "by; the system's where empty.",
                   .variable = "KAFKA_SSL_CA_LOCATION",
                   .aliases = {"KAFKA_SSL_CA_FILE", "KAFKA_SSL_CAFILE",
                               "KAFKA_SSL_CA_CERT", "KAFKA_CA_FILE"}},
                  &config.ssl_ca_file);
  visitor.setting(
    {.name = "ssl_certificate_file",
     .help = "Certificate (PEM) of this node, for mutual TLS.",
     .variable = "KAFKA_SSL_CERTIFICATE_LOCATION",
     .aliases = {"KAFKA_SSL_CERTIFICATE_FILE", "KAFKA_SSL_CERT_LOCATION",
                 "KAFKA_SSL_CERT_FILE", "KAFKA_SSL_CERTFILE"}},
    &config.ssl_certificate_file);
  visitor.setting({.name = "ssl_key_file",
                   .help = "Private key (PEM) of that certificate.",
                   .variable = "KAFKA_SSL_KEY_LOCATION",
                   .aliases = {"KAFKA_SSL_KEY_FILE", "KAFKA_SSL_KEYFILE"}},
                  &config.ssl_key_file);
  visitor.setting({.name = "ssl_key_password",
                   .help = "Password of that key.",
                   .variable = "KAFKA_SSL_KEY_PASSWORD",
                   .secret = true,
                   .path = &config.ssl_key_password_path},
                  &config.ssl_key_password);
}

} // namespace

void describe(SettingVisitor& visitor, KafkaConfig& config) {
  visitor.section("kafka", "Brokers, topics and the clients' behaviour.");
  visitor.setting(
    {.name = "bootstrap_servers",
     .help = "Brokers to ask first, as host:port, separated by "
             "commas.",
     .variable = "KAFKA_BOOTSTRAP_SERVERS",
     .aliases = {"KAFKA_BOOTSTRAP_SERVER", "KAFKA_BROKERS", "KAFKA_BROKER",
                 "BOOTSTRAP_SERVERS", "KAFKA_BROKER_URL"},
     .required = true},
    &config.bootstrap_servers);
  visitor.setting({.name = "bootstrap_host",
                   .help = "Host that health checks (check --connect) ask "
                           "instead of bootstrap_servers.",
                   .variable = "KAFKA_BOOTSTRAP_HOST"},
                  &config.bootstrap_host);
  visitor.setting({.name = "bootstrap_port",
                   .help = "Port that health checks ask: of bootstrap_host (0 "
                           "means 9092), or without one of the first of "
                           "bootstrap_servers.",
                   .min = 0,
                   .max = 65'535,
                   .variable = "KAFKA_BOOTSTRAP_PORT"},
                  &config.bootstrap_port);
  visitor.setting({.name = "client_id",
                   .help = "Name of this node in the brokers' logs and quotas.",
                   .variable = "KAFKA_CLIENT_ID",
                   .required = true},
                  &config.client_id);
  visitor.setting({.name = "socket_timeout",
                   .help = "How long a request may remain unanswered.",
                   .min = 1'000,
                   .max = 300'000,
                   .variable = "KAFKA_SOCKET_TIMEOUT",
                   .aliases = {"KAFKA_SOCKET_TIMEOUT_MS"}},
                  &config.socket_timeout);
  describe_topics(visitor, config);
  describe_group(visitor, config);
  describe_reading(visitor, config);
  describe_producer(visitor, config);
  describe_security(visitor, config);
  visitor.setting({.name = "properties",
                   .help = "Further settings of librdkafka as name=value, for "
                           "what has no setting here."},
                  &config.properties);
}

} // namespace millrace::adapters::kafka
