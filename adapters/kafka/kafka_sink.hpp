#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/delivery/record_sink.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace millrace::adapters::kafka {

struct KafkaSinkLimits {
  /// Bounds of librdkafka's own queue. The caller's credit is meant to bound
  /// first; these are the backstop behind it.
  std::size_t max_queued_bytes = 256U << 20U;
  std::size_t max_queued_records = 500'000;
};

/// How a sink writes in transactions.
struct KafkaTransactions {
  /// Names this producer over its lives: the next one ends what the last one
  /// left open, and fences it. Empty: no transactions.
  std::string id;
  /// After that the broker aborts one that is not ended, and those who read
  /// what is committed wait no longer for it.
  std::chrono::milliseconds timeout{10'000};
};

/// An idempotent producer for the three destinations, transactional on
/// request. Creates the client; does not wait for a broker.
logic::Result<std::unique_ptr<logic::RecordSink>>
open_kafka_sink(const KafkaConfig& config, const KafkaSinkLimits& limits,
                const KafkaTransactions& transactions = {});

} // namespace millrace::adapters::kafka
