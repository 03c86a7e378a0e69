#pragma once

#include "actors/interfaces.hpp"
#include "actors/supervision/registered_actor.hpp"
#include "actors/supervision/supervised.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>

namespace millrace::actors {

struct RemoteLanesParameters {
  /// Of this start; all numbers that it gives follow from it.
  logic::Incarnation incarnation;
  std::uint32_t first_lane = 0; ///< those before it are of this node
  std::uint32_t shard_count = 1;
  RegisteredActorPtr<DispatcherActor> dispatcher;
  RegisteredActorPtr<ProducerActor> producer;
  RegisteredActorPtr<JudgementRouterActor> router; ///< null: no detection
  RegisteredActorPtr<LinksActor> links;
  /// Under which the dispatcher finds this.
  RegisteredActorPtr<RemoteLanesActor> address;
  Surroundings surroundings;
};

/// Makes a lane of each worker that is linked. To the dispatcher it is one
/// more: it has an incarnation, gets batches with tickets as far as it grants
/// credit, and what it held is dealt again when it is gone. Tickets stay here,
/// the worker gets a number. What it wants judged is judged here, in the order
/// of the partition; what it added is put to the raw bytes, which stay here,
/// too, and goes to the producer. A worker that answers what makes no sense is
/// told nothing more until it is linked anew. A restart has all batches of the
/// remote lanes dealt again.
RemoteLanesActor spawn_remote_lanes(caf::actor_system& system,
                                    RemoteLanesParameters parameters);

} // namespace millrace::actors
