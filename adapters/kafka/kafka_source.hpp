#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/intake/memory_plan.hpp"
#include "logic/intake/record_source.hpp"

#include <memory>
#include <string>

namespace millrace::adapters::kafka {

/// A consumer of `input_topic` in `consumer_group`. With an `instance_id` it is
/// a static member by that name (KIP-345): closing it does not make it leave.
/// Partitions under revocation stay assigned (and are still heartbeaten for)
/// until `release`. Creates the client and subscribes; does not wait for a
/// broker.
logic::Result<std::unique_ptr<logic::RecordSource>>
open_kafka_source(const KafkaConfig& config, const logic::MemoryPlan& plan,
                  const std::string& instance_id = {});

} // namespace millrace::adapters::kafka
