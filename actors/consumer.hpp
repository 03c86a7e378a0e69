#pragma once

#include "actors/delivery_config.hpp"
#include "actors/flow_config.hpp"
#include "actors/stage.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <string>
#include <vector>

namespace millrace::actors {

struct ConsumerParts {
  FlowConfig flow;
  DeliveryConfig delivery;
  std::string topic; ///< for metrics and logs
  std::unique_ptr<logic::RecordSource> source;
  DispatcherActor dispatcher;
  ProducerActor producer;
  std::vector<AnomalyDetectorActor> detectors;
  Surroundings surroundings;
};

/// Reads while there is credit, hands batches to the dispatcher, commits what
/// is finished, and gives partitions back when the group or the node says
/// so. Dies when the source reports that its client failed. A restart starts
/// from the committed offsets.
ConsumerActor spawn_consumer(caf::actor_system& system, ConsumerParts parts);

} // namespace millrace::actors
