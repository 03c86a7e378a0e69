#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/intake/memory_plan.hpp"
#include "logic/intake/record_source.hpp"

#include <memory>

namespace millrace::adapters::kafka {

/// A consumer of `input_topic` in `consumer_group`, cooperative-sticky.
/// Partitions under revocation stay assigned (and are still heartbeaten for)
/// until `release`. Creates the client and subscribes; does not wait for a
/// broker.
logic::Result<std::unique_ptr<logic::RecordSource>>
open_kafka_source(const KafkaConfig& config, const logic::MemoryPlan& plan);

} // namespace millrace::adapters::kafka
