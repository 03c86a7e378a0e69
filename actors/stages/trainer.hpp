#pragma once

#include "actors/supervision/supervised.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/model.hpp"

#include <caf/actor_system.hpp>

#include <functional>

namespace millrace::actors {

struct TrainerParameters {
  logic::detection::DetectionConfig config;
  /// Called on the trainer's thread with every new model.
  std::function<void(const logic::detection::ModelPtr&)> publish;
  Surroundings surroundings;
};

/// Gathers sampled feature rows and fits the isolation forest: once when
/// enough rows are in, then every `refit_interval`. Runs on a thread of its
/// own, as a fit takes tens of milliseconds. A restart begins gathering anew.
TrainerActor spawn_trainer(caf::actor_system& system,
                           TrainerParameters parameters);

} // namespace millrace::actors
