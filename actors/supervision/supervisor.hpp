#pragma once

#include "actors/interfaces.hpp"
#include "actors/supervision/supervised.hpp"
#include "logic/supervision/spec.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace millrace::actors {

/// Starts an incarnation of a child and connects it.
using ChildStart
  = std::function<logic::Result<caf::strong_actor_ptr>(logic::Incarnation)>;

struct SupervisorParameters {
  logic::supervision::GroupSpec tree;
  logic::supervision::HeartbeatConfig heartbeat;
  std::uint64_t seed = 0; ///< of the jitter
  std::map<std::string, ChildStart> starts; ///< one for each child's name
  /// Called once when the tree fails as a whole; on the supervisor's thread.
  std::function<void(std::string)> on_give_up;
  Surroundings surroundings;
  /// On a thread of its own it acts even when all others are held by actors
  /// that hang. Only the deterministic tests do without.
  bool own_thread = true;
};

/// Carries out what the supervision tree decides: starts, stops, asks for
/// signs of life, and reports ends. All policy is in logic/supervision.
SupervisorActor spawn_supervisor(caf::actor_system& system,
                                 SupervisorParameters parameters);

} // namespace millrace::actors
