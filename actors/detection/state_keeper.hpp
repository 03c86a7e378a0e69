#pragma once

#include "actors/supervision/surviving_state.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/state_store.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <vector>

namespace millrace::actors {

struct StateKeeperParameters {
  logic::detection::DetectionConfig config;
  std::shared_ptr<logic::detection::StateStore> store;
  bool saves = true; ///< false: the store keeps nothing
  std::vector<RegisteredActorPtr<AnomalyDetectorActor>> detectors;
  RegisteredActorPtr<JudgementRouterActor> router;
  RegisteredActorPtr<LinksActor> links; ///< null: this node is alone
  Surroundings surroundings;
};

/// Owns the store of detection state: puts the shards together that the store
/// assigns, has the detectors host them, saves what changed in an interval,
/// and gives shards up with a last snapshot. Says which shards this node owns.
/// The store and what is known of the shards outlive the actor.
SuccessorFactory<StateKeeperActor>
state_keepers(caf::actor_system& system, StateKeeperParameters parameters);

} // namespace millrace::actors
