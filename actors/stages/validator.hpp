#pragma once

#include "actors/stages/stage.hpp"
#include "logic/validation/outcome_config.hpp"
#include "logic/validation/validation_config.hpp"

#include <caf/actor_system.hpp>

#include <string>

namespace millrace::actors {

struct ValidatorParameters {
  logic::ValidationConfig config;
  logic::OutcomeConfig outcome;
  std::string member_prefix; ///< of the members that the output adds
  LanePlace<logic::ActorKind::validator> place;
};

/// Sorts the records of a batch into events and rejections and hands it to
/// the enricher. Stateless between batches: a restart loses nothing but the
/// mailbox, which the dispatcher sends again.
ValidatorActor spawn_validator(caf::actor_system& system,
                               ValidatorParameters parameters);

} // namespace millrace::actors
