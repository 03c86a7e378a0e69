#pragma once

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/kafka_sink.hpp"

#include <cstdint>

namespace millrace::adapters::kafka {

/// How much the client puts into one record and one request. It has one
/// setting of each for all topics.
struct ClientSizes {
  std::int64_t message_bytes = 0;
  std::int64_t batch_bytes = 1'000'000; ///< librdkafka's default
};

/// Bytes of one record that are room for whatever the input may bring, with
/// the headers of a dead letter added.
std::int64_t message_room(const KafkaConfig& config, std::int64_t input_bytes);

/// The idempotent producer behind KafkaSink.
logic::Result<ClientPtr>
create_producing_client(const KafkaConfig& config,
                        const KafkaSinkLimits& limits, const ClientSizes& sizes,
                        const KafkaTransactions& transactions = {});

/// Whether the client stopped because a record was refused that others were
/// sent behind. It sends nothing more.
bool has_gap(rd_kafka_t* client) noexcept;

} // namespace millrace::adapters::kafka
