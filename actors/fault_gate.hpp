#pragma once

#include "actors/interfaces.hpp"
#include "actors/role.hpp"
#include "logic/faults/fault_order.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <functional>
#include <string>

namespace millrace::actors {

struct FaultGateParts {
  std::string actor; ///< who stands behind it, as named in the tree
  std::function<caf::strong_actor_ptr()> target; ///< null while nobody does
  RolePtr<DispatcherActor> dispatcher;
};

/// Stands in front of an actor where `fault_injection.enabled` is set: every
/// message to it comes through here and is passed on as it is, unless an
/// `ArmGate` says otherwise. Where it is not set there is no gate, and nobody
/// knows the difference.
caf::actor spawn_fault_gate(caf::actor_system& system, FaultGateParts parts);

} // namespace millrace::actors
