#pragma once

#include "adapters/kafka/client.hpp"
#include "logic/intake/memory_plan.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace millrace::adapters::kafka {

/// What all consumers here share: without any commit of their own, told of
/// everything by events. `config` must outlive the settings.
ClientSettings shared_consumer_settings(const KafkaConfig& config,
                                        const std::string& group,
                                        std::int64_t max_poll_ms);

/// How members of a classic group agree.
struct ClassicGroup {
  std::chrono::milliseconds session_timeout;
  std::chrono::milliseconds heartbeat; ///< less where the session is short
  std::string assignor = "cooperative-sticky";
};

void join_by(ClientSettings& settings, const ClassicGroup& group);

/// The consumer behind KafkaSource, holding no more fetched records than the
/// plan says. With an `instance_id` it is a static member by that name.
logic::Result<ClientPtr> create_consumer(const KafkaConfig& config,
                                         const logic::MemoryPlan& plan,
                                         const std::string& instance_id = {});

} // namespace millrace::adapters::kafka
