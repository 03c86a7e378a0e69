#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/core/result.hpp"

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// What every client of librdkafka here needs: owned handles, settings and
/// the translation of its errors. Internal to adapters/kafka.
namespace millrace::adapters::kafka {

template <auto Destroy>
struct Destroyer {
  template <class Handle>
  void operator()(Handle* handle) const noexcept {
    Destroy(handle);
  }
};

template <class Handle, auto Destroy>
using Owned = std::unique_ptr<Handle, Destroyer<Destroy>>;

using ClientPtr = Owned<rd_kafka_t, rd_kafka_destroy>;
using QueuePtr = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using TopicPtr = Owned<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using EventPtr = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using ErrorPtr = Owned<rd_kafka_error_t, rd_kafka_error_destroy>;
using MessagePtr = Owned<rd_kafka_message_t, rd_kafka_message_destroy>;
using PartitionListPtr = Owned<rd_kafka_topic_partition_list_t,
                               rd_kafka_topic_partition_list_destroy>;

enum class ClientRole : std::uint8_t { consumer, producer, admin };

/// Collects settings for one client; the first refused one is the error.
class ClientSettings {
public:
  /// Starts with what all clients share: addresses, security, time-outs.
  explicit ClientSettings(const KafkaConfig& config);

  ClientSettings& set(const char* name, const std::string& value);
  ClientSettings& set(const char* name, std::int64_t value);
  ClientSettings& events(int mask);

  /// Applies the raw properties that fit the role and creates the client.
  logic::Result<ClientPtr> create(ClientRole role);

private:
  const KafkaConfig& config_;
  Owned<rd_kafka_conf_t, rd_kafka_conf_destroy> conf_;
  int events_ = 0;
  logic::Error fault_;
};

/// librdkafka's time-outs are ints of milliseconds.
int to_timeout(std::chrono::milliseconds duration) noexcept;

/// The node's code for an error of the client or a broker.
logic::ErrorCode to_code(rd_kafka_resp_err_t error) noexcept;

/// What somebody may do about it, as the end of a sentence; empty where time
/// may mend it. Takes the client's words, too: some refusals have no code.
std::string_view remedy(rd_kafka_resp_err_t error, std::string_view words);

/// The client's words without "(after 337ms in state AUTH_REQ)", which makes
/// the same fault a new one each time.
std::string_view without_timing(std::string_view words);

/// `attempted: description (NAME); remedy`.
logic::Error to_error(rd_kafka_resp_err_t error, std::string_view attempted,
                      std::string_view detail = {});

/// The end of a sentence about brokers that cannot be reached: what the client
/// last said of its connections, or what to check where it said nothing.
std::string last_words_text(std::string_view words);

/// What to do about a topic that does not exist.
std::string missing_topic_text(std::string_view topic);

/// Whether the error says that no broker could be talked to.
bool is_unreachable(rd_kafka_resp_err_t error) noexcept;

/// Whether the brokers refuse this client, its password or certificate.
bool is_unauthorized(rd_kafka_resp_err_t error) noexcept;

} // namespace millrace::adapters::kafka
