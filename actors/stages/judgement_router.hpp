#pragma once

#include "actors/interfaces.hpp"
#include "actors/supervision/registered_actor.hpp"
#include "actors/supervision/supervised.hpp"
#include "actors/supervision/surviving_state.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::actors {

struct JudgementRouterParameters {
  std::uint32_t shard_count = 1; ///< of the whole group
  /// This node owns all shards; else it is told by `OwnShards`.
  bool owns_all = true;
  /// How long a judgement of another node is waited for.
  std::chrono::milliseconds wait{200};
  /// Of questions to other nodes that are under way, and of rows that are kept
  /// for owners to come.
  std::size_t asked_bytes = 2U << 20U;
  std::size_t owed_bytes = 4U << 20U;
  /// All of the node, by number.
  std::vector<RegisteredActorPtr<AnomalyDetectorActor>> detectors;
  /// Credit of each detector: bytes of the rows that it may be asked about at a
  /// time.
  std::uint64_t detector_window_bytes = std::uint64_t{1} << 20U;
  /// Is told who waits for the order; null: nobody.
  RegisteredActorPtr<DispatcherActor> dispatcher;
  RegisteredActorPtr<LinksActor> links; ///< null: this node is alone
  Surroundings surroundings;
};

/// Puts the batches of a partition back into the order in which they were
/// read, has each judged by the detectors that know its users and addresses,
/// here and on other nodes, and answers when all have (a scatter-gather). A
/// detector of this node is waited for as long as it takes; another node for
/// `wait`, and once it was late not at all until it answers again: what it
/// should have judged goes on unjudged. Answers the questions of other nodes,
/// too. Which batches it has seen outlives the actor; what it was asked when it
/// died is asked again.
SuccessorFactory<JudgementRouterActor>
judgement_routers(caf::actor_system& system,
                  JudgementRouterParameters parameters);

} // namespace millrace::actors
