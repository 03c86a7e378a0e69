#pragma once

#include "adapters/kafka/kafka_config.hpp"

#include <vector>

namespace millrace::adapters::kafka {

/// Appends what is wrong with protocol, SASL and TLS settings, the files that
/// they name included. Internal to adapters/kafka.
void check_security(const KafkaConfig& config,
                    std::vector<logic::Error>& faults);

} // namespace millrace::adapters::kafka
