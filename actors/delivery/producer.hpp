#pragma once

#include "actors/delivery/delivery_config.hpp"
#include "actors/supervision/supervised.hpp"
#include "actors/supervision/surviving_state.hpp"
#include "logic/delivery/outbox.hpp"
#include "logic/delivery/record_sink.hpp"

#include <caf/actor_system.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace millrace::actors {

struct ProducerParameters {
  DeliveryConfig delivery;
  bool provenance_header = false;
  bool insights_topic = true; ///< false: insights are dropped
  std::string node; ///< named in dead letters
  /// Dead letters that the client may hold at once.
  std::size_t max_queued_dead_letters = 8'192;
  /// Called at the start, and again when a client has failed for good.
  std::function<logic::Result<std::unique_ptr<logic::RecordSink>>()> open_sink;
  RegisteredActorPtr<DispatcherActor> dispatcher;
  RegisteredActorPtr<ConsumerActor> consumer;
  Surroundings surroundings;

  logic::OutboxConfig outbox_config() const;
};

/// Puts batches back into the order of their partition, sends them, retries
/// what fails, turns what cannot be delivered into dead letters, and reports
/// a batch finished when every record of it is delivered. Client and
/// deliveries under way outlive the actor. It dies when the sink reports that
/// its client failed; the next one has a new client, which sends what the old
/// one gave up.
SuccessorFactory<ProducerActor> producers(caf::actor_system& system,
                                          ProducerParameters parameters);

} // namespace millrace::actors
