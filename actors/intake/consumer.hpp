#pragma once

#include "actors/delivery/delivery_config.hpp"
#include "actors/intake/flow_config.hpp"
#include "actors/supervision/supervised.hpp"
#include "actors/supervision/surviving_state.hpp"
#include "logic/intake/record_source.hpp"

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace millrace::actors {

struct ConsumerParameters {
  FlowConfig flow;
  DeliveryConfig delivery;
  std::string topic; ///< for metrics and logs
  /// Called at the start, and again when a client has failed for good.
  std::function<logic::Result<std::unique_ptr<logic::RecordSource>>()>
    open_source;
  /// Called when the node must not go on: another one took its place in the
  /// group (`ErrorCode::fenced`), or somebody must decide from where to read on
  /// (any other). May be empty.
  std::function<void(const logic::Error&)> end_node;
  RegisteredActorPtr<DispatcherActor> dispatcher;
  RegisteredActorPtr<ProducerActor> producer;
  RegisteredActorPtr<JudgementRouterActor> router; ///< null: no detection
  Surroundings surroundings;
};

/// Reads while there is credit, hands batches to the dispatcher, commits what
/// is finished, and gives partitions back when the group or the node says
/// so. Client, assignment and credit outlive the actor. It dies when the
/// source reports that its client failed; the next one joins the group with a
/// new client and starts from the committed offsets.
SuccessorFactory<ConsumerActor> consumers(caf::actor_system& system,
                                          ConsumerParameters parameters);

} // namespace millrace::actors
