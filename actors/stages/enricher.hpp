#pragma once

#include "actors/delivery/insights_config.hpp"
#include "actors/stages/stage.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/quiet_networks.hpp"
#include "logic/enrichment/geo_lookup.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <memory>

namespace millrace::actors {

struct EnricherParameters {
  InsightsConfig insights_config;
  std::unique_ptr<logic::GeoLookup> lookup; ///< null: no places
  logic::detection::QuietNetworksSource quiet_networks; ///< empty: none
  RegisteredActorPtr<JudgementRouterActor> router; ///< null: no detection
  logic::detection::DetectionConfig detection;
  RegisteredActorPtr<InsightsActor> insights; ///< null: none
  LanePlace<logic::ActorKind::enricher> place;
};

/// Adds address class, place and watch list to the events of a batch, has
/// them judged, and hands the whole to the encoder.
/// A restart loses at most a second of insight counts.
EnricherActor spawn_enricher(caf::actor_system& system,
                             EnricherParameters parameters);

} // namespace millrace::actors
