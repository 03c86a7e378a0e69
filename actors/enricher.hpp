#pragma once

#include "actors/insights_config.hpp"
#include "actors/stage.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace millrace::actors {

struct EnricherParts {
  InsightsConfig insights_config;
  std::unique_ptr<logic::GeoLookup> lookup; ///< null: no places
  RolePtr<DispatcherActor> dispatcher;
  std::vector<RolePtr<AnomalyDetectorActor>>
    detectors; ///< one per shard, or none
  RolePtr<EncoderActor> encoder;
  RolePtr<InsightsActor> insights; ///< null: none
  WorkMarkPtr mark;
  Surroundings surroundings;
};

/// Adds address class, place and watch list to the events of a batch, has
/// every detector shard judge its share, and hands the whole to the encoder.
/// A restart loses at most a second of insight counts.
EnricherActor spawn_enricher(caf::actor_system& system, EnricherParts parts);

} // namespace millrace::actors
