#pragma once

#include "adapters/kafka/client.hpp"
#include "logic/intake/memory_plan.hpp"

namespace millrace::adapters::kafka {

/// The consumer behind KafkaSource: cooperative, without any commit of its
/// own, holding no more fetched records than the plan says.
logic::Result<ClientPtr> create_consumer(const KafkaConfig& config,
                                         const logic::MemoryPlan& plan);

} // namespace millrace::adapters::kafka
