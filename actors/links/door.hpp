#pragma once

#include "actors/links/link_transport.hpp"
#include "actors/supervision/supervised.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

namespace millrace::actors {

/// The one actor that whoever connects finds. It understands a hello, which it
/// hands to the keeper, and nothing else; it has no state and outlives the
/// keepers.
caf::actor spawn_door(caf::actor_system& system,
                      RegisteredActorPtr<LinksActor> keeper);

} // namespace millrace::actors
