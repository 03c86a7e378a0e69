#pragma once

#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::adapters::kafka {

/// How this node talks to Kafka. Section `kafka` of the settings file.
struct KafkaConfig {
  std::string bootstrap_servers = "localhost:9092";
  /// Where the health check knocks instead of at `bootstrap_servers`. Without
  /// a host the first of those at this port; without a port 9092.
  std::string bootstrap_host;
  std::int64_t bootstrap_port = 0;
  std::string client_id = "millrace";

  std::string input_topic = "user-login";
  std::string output_topic = "processed-user-login";
  std::string dlq_topic = "user-login-dlq";
  std::string insights_topic = "user-login-insights"; ///< empty: none
  std::vector<std::string> create_topics; ///< `name:partitions:replication`

  std::string consumer_group = "user-group";
  std::string group_protocol = "classic"; ///< classic, consumer (KIP-848)
  bool static_membership = false; ///< a member by the node's name (KIP-345)
  std::string assignor = "cooperative-sticky"; ///< also range, roundrobin
  std::string auto_offset_reset = "earliest"; ///< earliest, latest, none
  std::string on_missing_offsets = "continue"; ///< continue, stop
  bool enable_auto_commit = false; ///< only false is accepted
  std::chrono::milliseconds session_timeout{30'000};
  std::chrono::milliseconds socket_timeout{30'000};
  std::chrono::milliseconds fetch_wait{100};
  logic::ByteSize fetch_max_partition{1U << 20U};
  logic::ByteSize fetch_max{16U << 20U};
  logic::ByteSize max_message{1U << 20U}; ///< of what is produced

  std::string compression = "none"; ///< none, gzip, snappy, lz4, zstd
  std::string partitioning = "source"; ///< source, key
  std::chrono::milliseconds linger{5};
  std::int64_t batch_messages = 10'000;
  std::chrono::milliseconds delivery_timeout{0}; ///< 0: for ever

  std::string security_protocol = "plaintext";
  std::string sasl_mechanism;
  std::string sasl_username;
  std::string sasl_password;
  std::string sasl_password_path; ///< empty: it is in no file
  std::string oauth_token_url;
  std::string oauth_client_id;
  std::string oauth_client_secret;
  std::string oauth_client_secret_path; ///< as above
  std::string oauth_scope;
  std::string oauth_ca_file;
  std::string ssl_ca_file;
  std::string ssl_certificate_file;
  std::string ssl_key_file;
  std::string ssl_key_password;
  std::string ssl_key_password_path; ///< as above

  /// Raw `name=value` settings of librdkafka, applied last to every client.
  std::vector<std::string> properties;

  /// The brokers share out partitions and decide about times.
  bool broker_assigns() const noexcept { return group_protocol == "consumer"; }
};

void describe(logic::SettingVisitor& visitor, KafkaConfig& config);

/// What no single setting shows: faults between settings, topics named
/// twice, servers that are none, TLS files that cannot be read, properties
/// that must stay ours or that the client does not know. Empty when all is
/// well. Reads files; asks nothing of the network.
std::vector<logic::Error> check(const KafkaConfig& config);

/// The same with the address that health checks ask as its only server.
KafkaConfig health_check_config(const KafkaConfig& config);

/// Splits a `name=value` property at the first `=`; cuts blanks around both.
logic::Result<std::pair<std::string, std::string>>
parse_property(std::string_view text);

} // namespace millrace::adapters::kafka
