#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/operations/order_risk.hpp"

#include <chrono>
#include <string>

namespace millrace::adapters::kafka {

/// Whether the records of a topic have keys, by the last few of some of its
/// partitions; `unknown` where they cannot be read. Blocks, each question for
/// at most the deadline.
logic::KeyUse sample_keys(const KafkaConfig& config, const std::string& topic,
                          std::chrono::milliseconds deadline);

} // namespace millrace::adapters::kafka
