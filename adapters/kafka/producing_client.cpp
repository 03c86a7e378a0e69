#include "adapters/kafka/producing_client.hpp"

#include "adapters/kafka/topic_limits.hpp"

#include <algorithm>

namespace millrace::adapters::kafka {

namespace {

/// A dead letter is the input's record and headers that say why.
constexpr std::int64_t header_room_bytes = 64 * 1'024;
/// librdkafka's bounds of message.max.bytes.
constexpr std::int64_t least_message_bytes = 1'000;
constexpr std::int64_t most_message_bytes = 1'000'000'000;

} // namespace

std::int64_t message_room(const KafkaConfig& config, std::int64_t input_bytes) {
  const auto most = std::max(
    {static_cast<std::int64_t>(config.max_message.bytes), input_bytes,
     TopicLimits::default_max_message_bytes});
  return std::clamp(most + header_room_bytes, least_message_bytes,
                    most_message_bytes);
}

logic::Result<ClientPtr>
create_producing_client(const KafkaConfig& config,
                        const KafkaSinkLimits& limits, const ClientSizes& sizes,
                        const KafkaTransactions& transactions) {
  ClientSettings settings{config};
  settings.set("enable.idempotence", std::string{"true"})
    .set("acks", std::string{"all"})
    .set("allow.auto.create.topics", std::string{"false"})
    .set("compression.type", config.compression)
    .set("linger.ms", config.linger.count())
    .set("batch.num.messages", config.batch_messages)
    .set("batch.size", sizes.batch_bytes)
    .set("message.max.bytes", sizes.message_bytes)
    .set("delivery.timeout.ms", config.delivery_timeout.count())
    .set("queue.buffering.max.messages",
         static_cast<std::int64_t>(
           std::clamp<std::size_t>(limits.max_queued_records, 1, 10'000'000)))
    .set("queue.buffering.max.kbytes",
         static_cast<std::int64_t>(std::clamp<std::size_t>(
           limits.max_queued_bytes / 1'024, 1, 2'147'483'647)))
    // The murmur2 hash of Java clients, so that keys meet where theirs do.
    .set("partitioner", std::string{"murmur2_random"})
    .events(RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  if (transactions.id.empty()) {
    // Otherwise it would send what is behind a record that was refused, and
    // what is sent again of that request came after it.
    settings.set("enable.gapless.guarantee", std::string{"true"});
  } else {
    // The client refuses records that may outlive their transaction.
    const auto most = transactions.timeout.count();
    const auto timeout = config.delivery_timeout.count();
    settings.set("transactional.id", transactions.id)
      .set("transaction.timeout.ms", most)
      .set("socket.timeout.ms",
           std::min(static_cast<std::int64_t>(config.socket_timeout.count()),
                    static_cast<std::int64_t>(most)))
      .set("delivery.timeout.ms",
           timeout == 0 ? most : std::min(timeout, most));
  }
  return settings.create(ClientRole::producer);
}

bool has_gap(rd_kafka_t* client) noexcept {
  return rd_kafka_fatal_error(client, nullptr, 0)
         == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE;
}

} // namespace millrace::adapters::kafka
