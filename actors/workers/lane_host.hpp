#pragma once

#include "actors/interfaces.hpp"
#include "actors/supervision/registered_actor.hpp"
#include "actors/supervision/supervised.hpp"
#include "logic/workers/hosted_work.hpp"

#include <caf/actor_system.hpp>

#include <vector>

namespace millrace::actors {

struct LaneHostParameters {
  /// Of this start: nodes that have work done here know by it that a former
  /// one is gone with all that they sent.
  logic::Incarnation incarnation;
  logic::HostingLimits limits;
  /// The first stage of each lane.
  std::vector<RegisteredActorPtr<ActorOf<logic::first_in_lane>>> lanes;
  RegisteredActorPtr<LinksActor> links;
  Surroundings surroundings;
};

/// The heart of a worker. Nodes that read and write send batches, as much as
/// they are granted; the lanes here work on them and take this for dispatcher,
/// judgement router and producer. Judgements are asked for where a batch came
/// from, and what was added to it goes back there, as does what a stage failed
/// or lost. A restart loses all batches, and those who sent them deal them
/// again.
LaneHostActor spawn_lane_host(caf::actor_system& system,
                              LaneHostParameters parameters);

} // namespace millrace::actors
