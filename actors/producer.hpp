#pragma once

#include "actors/delivery_config.hpp"
#include "actors/stage.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <string>

namespace millrace::actors {

struct ProducerParts {
  DeliveryConfig delivery;
  bool provenance_header = false;
  bool insights_topic = true; ///< false: insights are dropped
  std::string node; ///< named in dead letters
  std::unique_ptr<logic::RecordSink> sink;
  DispatcherActor dispatcher;
  Surroundings surroundings;
};

/// Puts batches back into the order of their partition, sends them, retries
/// what fails, turns what cannot be delivered into dead letters, and reports
/// a batch finished when every record of it is delivered. Dies when the sink
/// reports that its client failed; what was unfinished is dispatched again
/// or, after a restart of the node, read again.
ProducerActor spawn_producer(caf::actor_system& system, ProducerParts parts);

} // namespace millrace::actors
