#pragma once

#include "actors/interfaces.hpp"
#include "actors/supervision/registered_actor.hpp"
#include "logic/faults/fault_effects.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <functional>
#include <memory>
#include <string>

namespace millrace::actors {

struct FaultGateParameters {
  std::string actor; ///< who stands behind it, as named in the tree
  std::function<caf::strong_actor_ptr()> target; ///< null while nobody does
  RegisteredActorPtr<DispatcherActor> dispatcher;
  std::shared_ptr<logic::faults::FaultEffects> fault_effects;
};

/// Stands in front of an actor where `fault_injection.enabled` is set: every
/// message to it comes through here and is passed on as it is, unless an
/// `ArmGate` says otherwise. Where it is not set there is no gate, and nobody
/// knows the difference.
caf::actor spawn_fault_gate(caf::actor_system& system,
                            FaultGateParameters parameters);

} // namespace millrace::actors
