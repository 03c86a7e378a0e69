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
constexpr std::chrono::milliseconds heartbeat{300};

std::int64_t to_limit(std::uint64_t configured, std::uint64_t budget) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(configured, budget));
}

} // namespace

ClientSettings shared_consumer_settings(const KafkaConfig& config,
                                        const std::string& group,
                                        std::int64_t max_poll_ms) {
  ClientSettings settings{config};
  settings.set("group.id", group)
    .set("max.poll.interval.ms", max_poll_ms)
    .set("enable.auto.commit", std::string{"false"})
    .set("enable.auto.offset.store", std::string{"false"})
    .set("allow.auto.create.topics", std::string{"false"})
    // Whoever reads decides: the client would move and say nothing.
    .set("auto.offset.reset", std::string{"error"})
    .set("enable.partition.eof", std::string{"true"})
    // The default is five minutes, until which partitions that were added, or a
    // topic that was refused and is allowed now, would go unnoticed. Not a
    // whole number of seconds: a group's leader that has asked for metadata to
    // share out partitions joins anew when an answer to this question comes
    // first, and would for ever where brokers let members in at the same beat
    // (the embedded broker: a session timeout less a second).
    .set("topic.metadata.refresh.interval.ms", 4'700)
    // The default second would stall a partition each time its queue is full.
    .set("fetch.queue.backoff.ms", 5)
    .set("fetch.error.backoff.ms", 100)
    .events(RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR
            | RD_KAFKA_EVENT_OFFSET_COMMIT);
  return settings;
}

void join_by(ClientSettings& settings, const ClassicGroup& group) {
  settings.set("session.timeout.ms", group.session_timeout.count())
    .set("heartbeat.interval.ms",
         std::min(group.heartbeat, group.session_timeout / 3).count())
    .set("partition.assignment.strategy", group.assignor);
}

logic::Result<ClientPtr> create_consumer(const KafkaConfig& config,
                                         const logic::MemoryPlan& plan,
                                         const std::string& instance_id) {
  const auto limit = plan.fetch_limit_bytes();
  auto settings = shared_consumer_settings(
    config, config.consumer_group,
    std::max(max_poll_interval_ms, config.session_timeout.count()));
  if (!config.broker_assigns())
    join_by(settings, {config.session_timeout, heartbeat, config.assignor});
  else
    settings.set("group.protocol", config.group_protocol);
  if (config.broker_assigns() && config.assignor == "range")
    settings.set("group.remote.assignor", config.assignor);
  if (!instance_id.empty())
    settings.set("group.instance.id", instance_id);
  settings
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
