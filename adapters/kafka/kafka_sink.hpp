#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/delivery/record_sink.hpp"

#include <cstddef>
#include <memory>

namespace millrace::adapters::kafka {

struct KafkaSinkLimits {
  /// Bounds of librdkafka's own queue. The caller's credit is meant to bound
  /// first; these are the backstop behind it.
  std::size_t max_queued_bytes = 256U << 20U;
  std::size_t max_queued_records = 500'000;
};

/// An idempotent producer for the three destinations. Creates the client;
/// does not wait for a broker.
logic::Result<std::unique_ptr<logic::RecordSink>>
open_kafka_sink(const KafkaConfig& config, const KafkaSinkLimits& limits);

} // namespace millrace::adapters::kafka
