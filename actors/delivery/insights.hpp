#pragma once

#include "actors/delivery/insights_config.hpp"
#include "actors/supervision/supervised.hpp"

#include <caf/actor_system.hpp>

#include <string>

namespace millrace::actors {

struct InsightsParameters {
  InsightsConfig config;
  std::string node;
  RegisteredActorPtr<ProducerActor> producer;
  Surroundings surroundings;
};

/// Merges the counts of all lanes and, every interval, exports them as
/// metrics, logs watch-list hits and has them published. A restart loses the
/// counts of the current interval.
InsightsActor spawn_insights(caf::actor_system& system,
                             InsightsParameters parameters);

} // namespace millrace::actors
