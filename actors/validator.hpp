#pragma once

#include "actors/stage.hpp"
#include "logic/validation_config.hpp"

#include <caf/actor_system.hpp>

namespace millrace::actors {

struct ValidatorParts {
  logic::ValidationConfig config;
  RolePtr<DispatcherActor> dispatcher;
  RolePtr<EnricherActor> enricher;
  WorkMarkPtr mark;
  Surroundings surroundings;
};

/// Sorts the records of a batch into events and rejections and hands it to
/// the enricher. Stateless between batches: a restart loses nothing but the
/// mailbox, which the dispatcher sends again.
ValidatorActor spawn_validator(caf::actor_system& system, ValidatorParts parts);

} // namespace millrace::actors
