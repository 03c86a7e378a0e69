#pragma once

#include "actors/stages/stage.hpp"
#include "actors/supervision/surviving_state.hpp"
#include "logic/detection/detection_config.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>

namespace millrace::actors {

struct AnomalyDetectorParameters {
  logic::detection::DetectionConfig config;
  std::uint32_t number = 0;
  std::uint32_t detector_count = 1;
  RegisteredActorPtr<TrainerActor>
    trainer; ///< null where the model comes from a file
  WorkMarkPtr mark;
  /// Null: nobody keeps history, and all shards are hosted from the start.
  RegisteredActorPtr<StateKeeperActor> keeper;
  Surroundings surroundings;
};

/// Judges the logins of the users and the addresses of its shards, in the order
/// in which it is asked. What it knows of them, and the model, outlive the
/// actor; what it was asked when it died is asked again.
SuccessorFactory<AnomalyDetectorActor>
anomaly_detectors(caf::actor_system& system,
                  AnomalyDetectorParameters parameters);

} // namespace millrace::actors
