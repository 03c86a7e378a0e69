#pragma once

#include "actors/interfaces.hpp"

#include <caf/actor_system.hpp>

#include <functional>
#include <string>

namespace millrace::actors {

/// Watches actors without which the node cannot do its work, and calls
/// `on_death` with a sentence on the first that dies with an error. Whatever
/// was unfinished then is uncommitted and will be read again.
GuardActor spawn_guard(caf::actor_system& system,
                       std::function<void(std::string)> on_death);

} // namespace millrace::actors
