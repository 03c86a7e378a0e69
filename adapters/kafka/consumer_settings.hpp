#pragma once

#include "adapters/kafka/client.hpp"
#include "logic/intake/memory_plan.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace millrace::adapters::kafka {

/// What all consumers here share: cooperative, without any commit of their own,
/// told of everything by events. `config` must outlive the settings.
ClientSettings
cooperative_consumer_settings(const KafkaConfig& config,
                              const std::string& group,
                              std::chrono::milliseconds session_timeout,
                              std::int64_t max_poll_ms);

/// The consumer behind KafkaSource, holding no more fetched records than the
/// plan says.
logic::Result<ClientPtr> create_consumer(const KafkaConfig& config,
                                         const logic::MemoryPlan& plan);

} // namespace millrace::adapters::kafka
