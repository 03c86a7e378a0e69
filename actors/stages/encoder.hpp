#pragma once

#include "actors/stages/stage.hpp"
#include "logic/encoding/encoding_config.hpp"

#include <caf/actor_system.hpp>

namespace millrace::actors {

struct EncoderParameters {
  logic::EncodingConfig config;
  LanePlace<logic::ActorKind::encoder> place;
};

/// Writes the output bytes of a judged batch and hands them to the producer.
/// Stateless between batches.
EncoderActor spawn_encoder(caf::actor_system& system,
                           EncoderParameters parameters);

} // namespace millrace::actors
