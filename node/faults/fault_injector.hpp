#pragma once

#include "adapters/faults/client_faults.hpp"
#include "logic/core/result.hpp"
#include "logic/faults/fault_order.hpp"
#include "node/topology/topology.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace millrace::node {

/// Turns orders into what actors, gates and faulty clients do. Any thread,
/// as long as the topology lives.
class FaultInjector {
public:
  FaultInjector(caf::actor_system& system, std::shared_ptr<Topology> topology,
                std::shared_ptr<adapters::faults::ClientFaults> client_faults);

  /// How many obey; an error where nobody is meant.
  logic::Result<std::uint32_t> inject(const logic::faults::FaultOrder& order);

private:
  std::uint32_t order_actors(const logic::faults::FaultOrder& order);
  std::uint32_t arm_gates(const logic::faults::FaultOrder& order,
                          std::optional<std::uint32_t> lane = {});
  std::uint32_t arm_next_gates(const logic::faults::FaultOrder& order);

  caf::actor_system& system_;
  std::shared_ptr<Topology> topology_;
  std::shared_ptr<adapters::faults::ClientFaults> client_faults_;
};

} // namespace millrace::node
