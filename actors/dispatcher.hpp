#pragma once

#include "actors/lasting.hpp"
#include "actors/stage.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace millrace::actors {

struct DispatcherParts {
  std::uint32_t retry_limit = 3;
  RolePtr<ConsumerActor> consumer;
  RolePtr<ProducerActor> producer;
  std::vector<RolePtr<ValidatorActor>> validators; ///< one per lane
  std::vector<RolePtr<AnomalyDetectorActor>> detectors;
  /// Null: nothing is known of earlier lives of the process.
  std::shared_ptr<logic::FlightRecorder> recorder;
  Surroundings surroundings;
};

/// Keeps every raw batch until the producer reports it finished, deals
/// batches to lanes, tries again what failed, and finds the records that fail
/// on every try. Its plan, not any mailbox, is the truth about what is
/// unfinished, and outlives the actor; what a death loses with the mailbox is
/// found by comparing notes with consumer and producer.
Succession<DispatcherActor> dispatchers(caf::actor_system& system,
                                        DispatcherParts parts);

} // namespace millrace::actors
