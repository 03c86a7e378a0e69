#pragma once

#include "actors/stage.hpp"
#include "logic/encoding_config.hpp"

#include <caf/actor_system.hpp>

namespace millrace::actors {

struct EncoderParts {
  logic::EncodingConfig config;
  RolePtr<DispatcherActor> dispatcher;
  RolePtr<ProducerActor> producer;
  WorkMarkPtr mark;
  Surroundings surroundings;
};

/// Writes the output bytes of a judged batch and hands them to the producer.
/// Stateless between batches.
EncoderActor spawn_encoder(caf::actor_system& system, EncoderParts parts);

} // namespace millrace::actors
