#pragma once

#include "actors/stage.hpp"
#include "logic/detection/detection_config.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>

namespace millrace::actors {

struct AnomalyDetectorParts {
  logic::detection::DetectionConfig config;
  std::uint32_t shard = 0;
  std::uint32_t shard_count = 1;
  TrainerActor trainer; ///< null where the model comes from a file
  Surroundings surroundings;
};

/// Judges the logins of the users of one shard, the batches of a partition
/// in the order in which they were read. A restart begins with no users and,
/// until the trainer or the topology sends one, no model.
AnomalyDetectorActor spawn_anomaly_detector(caf::actor_system& system,
                                            AnomalyDetectorParts parts);

} // namespace millrace::actors
