#pragma once

#include "logic/faults/fault_order.hpp"

#include <cstdint>
#include <optional>

/// Faults on purpose. All of it is data: what an order does is done where
/// it arrives.
namespace millrace::messages {

/// To an actor: suffer this now. Crash, hang and slow only.
struct InjectFault {
  logic::faults::FaultOrder order;
};

/// To the gate in front of an actor: see to that fault.
struct ArmGate {
  logic::faults::FaultOrder order;
  std::optional<std::uint32_t> lane; ///< only what comes by this lane
};

/// To the supervisor: have the actors that the order means suffer it. Answered
/// by how many it is passed on to.
struct PassOnFault {
  logic::faults::FaultOrder order;
};

} // namespace millrace::messages
