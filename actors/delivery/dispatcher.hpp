#pragma once

#include "actors/supervision/supervised.hpp"
#include "actors/supervision/surviving_state.hpp"
#include "logic/recovery/flight_recorder.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace millrace::actors {

struct DispatcherParameters {
  std::uint32_t retry_limit = 3;
  std::uint64_t lanes_bytes = 0; ///< of footprint, in all lanes together
  RegisteredActorPtr<ConsumerActor> consumer;
  RegisteredActorPtr<ProducerActor> producer;
  /// The first stage of each lane of the topology.
  std::vector<RegisteredActorPtr<ActorOf<logic::first_in_lane>>> lanes;
  RegisteredActorPtr<JudgementRouterActor> router; ///< null: no detection
  /// Null: nothing is known of earlier lives of the process.
  std::shared_ptr<logic::FlightRecorder> recorder;
  Surroundings surroundings;
};

/// Keeps every raw batch until the producer reports it finished, deals
/// batches to lanes, tries again what failed, and finds the records that fail
/// on every try. Its plan, not any mailbox, is the truth about what is
/// unfinished, and outlives the actor; what a death loses with the mailbox is
/// found by reconciling with consumer and producer.
SuccessorFactory<DispatcherActor> dispatchers(caf::actor_system& system,
                                              DispatcherParameters parameters);

} // namespace millrace::actors
