#pragma once

#include "actors/lasting.hpp"
#include "actors/stage.hpp"
#include "logic/detection/detection_config.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>

namespace millrace::actors {

struct AnomalyDetectorParts {
  logic::detection::DetectionConfig config;
  std::uint32_t shard = 0;
  std::uint32_t shard_count = 1;
  RolePtr<TrainerActor> trainer; ///< null where the model comes from a file
  WorkMarkPtr mark;
  Surroundings surroundings;
};

/// Judges the logins of the users of one shard, the batches of a partition
/// in the order in which they were read. What it knows of users, and the
/// model, outlive the actor; what it was asked when it died is asked again.
Succession<AnomalyDetectorActor> anomaly_detectors(caf::actor_system& system,
                                                   AnomalyDetectorParts parts);

} // namespace millrace::actors
