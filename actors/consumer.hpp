#pragma once

#include "actors/delivery_config.hpp"
#include "actors/flow_config.hpp"
#include "actors/lasting.hpp"
#include "actors/stage.hpp"

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace millrace::actors {

struct ConsumerParts {
  FlowConfig flow;
  DeliveryConfig delivery;
  std::string topic; ///< for metrics and logs
  /// Called at the start, and again when a client has failed for good.
  std::function<logic::Result<std::unique_ptr<logic::RecordSource>>()>
    open_source;
  RolePtr<DispatcherActor> dispatcher;
  RolePtr<ProducerActor> producer;
  std::vector<RolePtr<AnomalyDetectorActor>> detectors;
  Surroundings surroundings;
};

/// Reads while there is credit, hands batches to the dispatcher, commits what
/// is finished, and gives partitions back when the group or the node says
/// so. Client, assignment and credit outlive the actor. It dies when the
/// source reports that its client failed; the next one joins the group with a
/// new client and starts from the committed offsets.
Succession<ConsumerActor> consumers(caf::actor_system& system,
                                    ConsumerParts parts);

} // namespace millrace::actors
