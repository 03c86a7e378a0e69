#pragma once

#include "actors/interfaces.hpp"
#include "actors/supervision/registered_actor.hpp"
#include "actors/supervision/supervised.hpp"
#include "actors/supervision/surviving_state.hpp"

#include <caf/actor_system.hpp>

#include <vector>

namespace millrace::actors {

struct JudgementRouterParameters {
  /// All of the node, by number.
  std::vector<RegisteredActorPtr<AnomalyDetectorActor>> detectors;
  Surroundings surroundings;
};

/// Puts the batches of a partition back into the order in which they were
/// read, has each judged by the detectors that know its users and addresses,
/// and answers when all have (a scatter-gather). Which batches it has seen
/// outlives the actor; what it was asked when it died is asked again.
SuccessorFactory<JudgementRouterActor>
judgement_routers(caf::actor_system& system,
                  JudgementRouterParameters parameters);

} // namespace millrace::actors
