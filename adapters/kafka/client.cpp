#include "adapters/kafka/client.hpp"

#include "logic/core/bounded_text.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace millrace::adapters::kafka {

namespace {

constexpr std::size_t text_bytes = 512;

bool debugging(const KafkaConfig& config) {
  return std::any_of(
    config.properties.begin(), config.properties.end(),
    [](const std::string& property) { return property.starts_with("debug="); });
}

/// A property of the other role is no fault: one list serves all clients.
bool fits(const std::string& name, ClientRole role) {
  static constexpr std::array consumer_only = {
    "fetch.",     "queued.",      "group.",     "partition.assignment.",
    "isolation.", "heartbeat.",   "session.",   "max.poll.",
    "check.crcs", "auto.offset.", "client.rack"};
  static constexpr std::array producer_only = {
    "queue.buffering.",  "linger.", "batch.",         "compression.",
    "partitioner",       "retries", "message.send.",  "message.max.",
    "request.required.", "acks",    "max.in.flight.", "delivery.timeout.",
    "message.timeout.",  "sticky."};
  const auto among = [&name](const auto& prefixes) {
    return std::any_of(
      prefixes.begin(), prefixes.end(),
      [&name](const char* prefix) { return name.starts_with(prefix); });
  };
  if (among(consumer_only))
    return role == ClientRole::consumer;
  if (among(producer_only))
    return role == ClientRole::producer;
  return true;
}

bool holds(std::string_view words, std::string_view part) noexcept {
  return words.find(part) != std::string_view::npos;
}

std::string_view remedy_of_certificate(std::string_view words) {
  if (holds(words, "mismatch"))
    return "; the broker's certificate is for other names than the one that it "
           "is called by: use one of them in kafka.bootstrap_servers and in "
           "the brokers' advertised.listeners, or have it issued for this one";
  if (holds(words, "certificate has expired"))
    return "; it is the broker's certificate that has expired: renew it there";
  return "; check that kafka.ssl_ca_file holds the authority of the brokers' "
         "certificates";
}

std::string_view remedy_of_connection(std::string_view words) {
  // The other side's complaint comes when the connection stands already.
  if (holds(words, "SSL alert"))
    return "; the broker refuses this node's certificate: check "
           "kafka.ssl_certificate_file and kafka.ssl_key_file, and that an "
           "authority issued it that the brokers trust";
  if (holds(words, ".location: "))
    return "; put a certificate there that is valid, and its key in "
           "kafka.ssl_key_file: they are read anew at each connection";
  if (holds(words, "PLAINTEXT broker listener")
      || holds(words, "/bootstrap: Disconnected: SSL connection closed"))
    return "; is kafka.security_protocol that of its listener?";
  if (holds(words, "certificate verify failed"))
    return remedy_of_certificate(words);
  if (!holds(words, "Connect to ") && !holds(words, "Failed to resolve"))
    return {};
  // Of the addresses that it was given the client knows no broker's number.
  return holds(words, "/bootstrap: ")
           ? "; check kafka.bootstrap_servers, and that a broker listens there"
           : "; so the broker calls itself (its advertised.listeners), and "
             "this "
             "node must be able to reach it there";
}

std::string_view remedy_of_login(std::string_view words) {
  if (holds(words, "OAUTHBEARER token"))
    return "; check kafka.oauth_token_url, kafka.oauth_client_id and "
           "kafka.oauth_client_secret, and kafka.oauth_ca_file where it is the "
           "endpoint's certificate that is refused";
  if (holds(words, "invalid_token"))
    return "; the brokers refuse the token: do they know its issuer, audience "
           "and scope (kafka.oauth_token_url, kafka.oauth_scope)?";
  if (holds(words, "not valid in current SASL state"))
    return "; this listener knows no SASL: is kafka.security_protocol that of "
           "the listener?";
  if (holds(words, "supported mechanisms: "))
    return "; set kafka.sasl_mechanism to one of these";
  return "; check kafka.sasl_mechanism, kafka.sasl_username and "
         "kafka.sasl_password";
}

} // namespace

ClientSettings::ClientSettings(const KafkaConfig& config)
  : config_(config), conf_(rd_kafka_conf_new()) {
  set("bootstrap.servers", config.bootstrap_servers);
  set("client.id", config.client_id);
  set("security.protocol", config.security_protocol);
  set("socket.timeout.ms", config.socket_timeout.count());
  set("socket.keepalive.enable", std::string{"true"});
  // A lost broker is tried again soon, yet not in a tight loop.
  set("reconnect.backoff.ms", 100);
  set("reconnect.backoff.max.ms", 2'000);
  const auto set_if = [this](const char* name, const std::string& value) {
    if (!value.empty())
      set(name, value);
  };
  set_if("sasl.mechanisms", config.sasl_mechanism);
  set_if("sasl.username", config.sasl_username);
  set_if("sasl.password", config.sasl_password);
  if (!config.oauth_token_url.empty())
    set("sasl.oauthbearer.method", std::string{"oidc"});
  set_if("sasl.oauthbearer.token.endpoint.url", config.oauth_token_url);
  set_if("sasl.oauthbearer.client.id", config.oauth_client_id);
  set_if("sasl.oauthbearer.client.secret", config.oauth_client_secret);
  set_if("sasl.oauthbearer.scope", config.oauth_scope);
  set_if("https.ca.location", config.oauth_ca_file);
  set_if("ssl.ca.location", config.ssl_ca_file);
  set_if("ssl.certificate.location", config.ssl_certificate_file);
  set_if("ssl.key.location", config.ssl_key_file);
  set_if("ssl.key.password", config.ssl_key_password);
  // Of our patch: read anew whenever they are needed.
  set_if("sasl.password.location", config.sasl_password_path);
  set_if("sasl.oauthbearer.client.secret.location",
         config.oauth_client_secret_path);
  set_if("ssl.key.password.location", config.ssl_key_password_path);
  // What matters arrives as an event; librdkafka's own lines on stderr would
  // break the node's structured log. They are wanted when debugging it.
  rd_kafka_conf_set_log_cb(conf_.get(),
                           debugging(config) ? rd_kafka_log_print : nullptr);
}

ClientSettings& ClientSettings::set(const char* name,
                                    const std::string& value) {
  std::array<char, text_bytes> text{};
  if (fault_.code == logic::ErrorCode::none
      && rd_kafka_conf_set(conf_.get(), name, value.c_str(), text.data(),
                           text.size())
           != RD_KAFKA_CONF_OK)
    fault_ = {logic::ErrorCode::invalid_config,
              std::string{"setting the Kafka client's "} + name + ": "
                + text.data()};
  return *this;
}

ClientSettings& ClientSettings::set(const char* name, std::int64_t value) {
  return set(name, std::to_string(value));
}

ClientSettings& ClientSettings::events(int mask) {
  events_ = mask;
  return *this;
}

logic::Result<ClientPtr> ClientSettings::create(ClientRole role) {
  for (const auto& text : config_.properties) {
    auto property = parse_property(text);
    if (!property)
      return property.error();
    if (fits(property->first, role))
      set(property->first.c_str(), property->second);
  }
  if (fault_.code != logic::ErrorCode::none)
    return fault_;
  rd_kafka_conf_set_events(conf_.get(), events_);
  std::array<char, text_bytes> text{};
  ClientPtr client{rd_kafka_new(
    role == ClientRole::consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER,
    conf_.get(), text.data(), text.size())};
  if (!client)
    return logic::Error{logic::ErrorCode::invalid_config,
                        std::string{"creating a Kafka client: "} + text.data()};
  static_cast<void>(conf_.release()); // the client owns it now
  return client;
}

int to_timeout(std::chrono::milliseconds duration) noexcept {
  return static_cast<int>(std::clamp<std::int64_t>(
    duration.count(), 0, std::numeric_limits<int>::max()));
}

bool is_unreachable(rd_kafka_resp_err_t error) noexcept {
  switch (error) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__NODE_UPDATE:
      return true;
    default:
      return false;
  }
}

bool is_unauthorized(rd_kafka_resp_err_t error) noexcept {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return true;
    default:
      return false;
  }
}

logic::ErrorCode to_code(rd_kafka_resp_err_t error) noexcept {
  if (is_unauthorized(error))
    return logic::ErrorCode::unauthorized;
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return logic::ErrorCode::none;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return logic::ErrorCode::not_found;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return logic::ErrorCode::timed_out;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return logic::ErrorCode::queue_full;
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
      return logic::ErrorCode::fenced;
    // Not so ILLEGAL_GENERATION: a member that is still one is told that when
    // it commits while the group shares out anew, and may again after that.
    case RD_KAFKA_RESP_ERR__FATAL:
      return logic::ErrorCode::fatal_client;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return logic::ErrorCode::invalid_argument;
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
      return logic::ErrorCode::unsupported;
    default:
      return logic::ErrorCode::unavailable;
  }
}

std::string_view remedy(rd_kafka_resp_err_t error, std::string_view words) {
  if (const auto told = remedy_of_connection(words); !told.empty())
    return told;
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
      return remedy_of_login(words);
    case RD_KAFKA_RESP_ERR__SSL:
      return remedy_of_certificate(words);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "; this user may not: let it with kafka-acls --add "
             "--allow-principal User:<name> --topic <topic>, --operation Read "
             "for the input, Write for the others";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "; this user may not: let it with kafka-acls --add "
             "--allow-principal User:<name> --operation Read --group "
             "<kafka.consumer_group>";
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
      return "; another node writes under the same transactional id: give each "
             "a node.name of its own";
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return "; this user may not: let it with kafka-acls --add "
             "--allow-principal User:<name> --operation Write --operation "
             "Describe --transactional-id <kafka.consumer_group>-<node.name>";
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return "; another node of the group was started under this node's name: "
             "give each a node.name of its own";
    case RD_KAFKA_RESP_ERR_UNRELEASED_INSTANCE_ID:
      return "; either it died a moment ago, and the brokers wait for it until "
             "its session ends (group.consumer.session.timeout.ms), or another "
             "node runs under this node's name: give each a node.name of its "
             "own";
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
      return !holds(words, "ConsumerGroupHeartbeat")
               ? "; these brokers are too old for that: delivery.guarantee "
                 "exactly_once takes Kafka 2.5 or later"
               : "; these brokers do not know kafka.group_protocol consumer, "
                 "which comes with Kafka 4.0: set classic";
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      // The id that an idempotent producer asks for before it sends anything.
      if (holds(words, "PID"))
        return "; this user may not: let it with kafka-acls --add "
               "--allow-principal User:<name> --operation Write --topic "
               "<topic>, which is enough from Kafka 2.8 on, or --operation "
               "IdempotentWrite --cluster";
      return "; this user may not: let it with kafka-acls --add "
             "--allow-principal User:<name> --operation Create --cluster";
    default:
      return {};
  }
}

std::string_view without_timing(std::string_view words) {
  const auto begin = words.rfind(" (after ");
  return begin != std::string_view::npos
             && words.find("ms in state ", begin) != std::string_view::npos
           ? words.substr(0, begin)
           : words;
}

logic::Error to_error(rd_kafka_resp_err_t error, std::string_view attempted,
                      std::string_view detail) {
  detail = without_timing(detail);
  std::string text{attempted};
  text += ": ";
  text += detail.empty() ? std::string{rd_kafka_err2str(error)}
                         : logic::bounded_text(detail);
  text += " (";
  text += rd_kafka_err2name(error);
  text += ')';
  text += remedy(error, detail);
  return {to_code(error), std::move(text)};
}

std::string last_words_text(std::string_view words) {
  return words.empty() ? "; is a broker listening there, and is "
                         "kafka.security_protocol that of its listener?"
                       : "; last: " + std::string{words};
}

std::string missing_topic_text(std::string_view topic) {
  const std::string name{topic};
  return "topic " + name + " does not exist; create it by starting the node"
         + " with KAFKA_CREATE_TOPICS=" + name + ":<partitions>:<replication>"
         + " or with millrace topics create " + name
         + ":<partitions>:<replication>";
}

} // namespace millrace::adapters::kafka
