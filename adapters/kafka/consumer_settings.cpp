#include "adapters/kafka/consumer_settings.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace millrace::adapters::kafka {

namespace {

/// The longest that librdkafka allows, 24 hours. A consumer without credit
/// takes no records and is still alive: it heartbeats, and it must not be put
/// out of the group for waiting.
constexpr std::int64_t max_poll_interval_ms = 86'400'000;

/// Members hear of a rebalance by the answer to a heartbeat, and a partition
/// that moves stands still until all of them have heard: once where its node
/// leaves, and where it goes to a newcomer once more after it was given back.
constexpr std::int64_t heartbeat_ms = 300;

std::int64_t to_limit(std::uint64_t configured, std::uint64_t budget) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(configured, budget));
}

} // namespace

ClientSettings
cooperative_consumer_settings(const KafkaConfig& config,
                              const std::string& group,
                              std::chrono::milliseconds session_timeout,
                              std::int64_t max_poll_ms) {
  ClientSettings settings{config};
  settings.set("group.id", group)
    .set("session.timeout.ms", session_timeout.count())
    .set("max.poll.interval.ms", max_poll_ms)
    .set("partition.assignment.strategy", std::string{"cooperative-sticky"})
    .set("enable.auto.commit", std::string{"false"})
    .set("enable.auto.offset.store", std::string{"false"})
    .set("allow.auto.create.topics", std::string{"false"})
    // Whoever reads decides: the client would move and say nothing.
    .set("auto.offset.reset", std::string{"error"})
    .set("enable.partition.eof", std::string{"true"})
    // The default is five minutes, until which partitions that were added, or a
    // topic that was refused and is allowed now, would go unnoticed.
    .set("topic.metadata.refresh.interval.ms", 5'000)
    // The default second would stall a partition each time its queue is full.
    .set("fetch.queue.backoff.ms", 5)
    .set("fetch.error.backoff.ms", 100)
    .events(RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR
            | RD_KAFKA_EVENT_OFFSET_COMMIT);
  return settings;
}

logic::Result<ClientPtr> create_consumer(const KafkaConfig& config,
                                         const logic::MemoryPlan& plan) {
  const auto limit = plan.fetch_limit_bytes();
  auto settings = cooperative_consumer_settings(
    config, config.consumer_group, config.session_timeout,
    std::max(max_poll_interval_ms, config.session_timeout.count()));
  settings
    .set("heartbeat.interval.ms",
         std::min(heartbeat_ms, config.session_timeout.count() / 3))
    .set("partition.assignment.strategy", config.assignor)
    .set("queued.min.messages", 10'000'000) // bytes bound, not records
    .set("queued.max.messages.kbytes", static_cast<std::int64_t>(limit / 1'024))
    .set("fetch.max.bytes", to_limit(config.fetch_max.bytes, limit))
    .set("fetch.message.max.bytes",
         to_limit(config.fetch_max_partition.bytes, limit))
    // A producer's limit, which must not be above what one fetch brings even
    // here. A larger record comes all the same: the broker sends the first one
    // of a fetch whole.
    .set("message.max.bytes",
         to_limit(1'000'000,
                  std::min<std::uint64_t>(limit, config.fetch_max.bytes)))
    .set("receive.message.max.bytes",
         std::max<std::int64_t>(100'000'000,
                                static_cast<std::int64_t>(limit) + 1'024))
    .set("fetch.wait.max.ms", config.fetch_wait.count());
  return settings.create(ClientRole::consumer);
}

} // namespace millrace::adapters::kafka
