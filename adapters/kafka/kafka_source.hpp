#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/intake/record_source.hpp"

#include <cstddef>
#include <memory>

namespace millrace::adapters::kafka {

struct KafkaSourceLimits {
  /// Bytes that librdkafka may hold prefetched, everything counted. This is
  /// the client's share of the node's memory budget; at least 1 MiB.
  std::size_t client_queue_bytes = 64U << 20U;
};

/// A consumer of `input_topic` in `consumer_group`, cooperative-sticky.
/// Partitions under revocation stay assigned (and are still heartbeaten for)
/// until `release`. Creates the client and subscribes; does not wait for a
/// broker.
logic::Result<std::unique_ptr<logic::RecordSource>>
open_kafka_source(const KafkaConfig& config, KafkaSourceLimits limits);

} // namespace millrace::adapters::kafka
