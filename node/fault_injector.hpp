#pragma once

#include "adapters/sabotage/sabotage.hpp"
#include "logic/faults/fault_order.hpp"
#include "logic/result.hpp"
#include "node/topology.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>
#include <memory>

namespace millrace::node {

/// Turns orders into what actors, gates and sabotaged clients do. Any thread,
/// as long as the topology lives.
class FaultInjector {
public:
  FaultInjector(caf::actor_system& system, std::shared_ptr<Topology> topology,
                std::shared_ptr<adapters::sabotage::Sabotage> sabotage);

  /// How many obey; an error where nobody is meant.
  logic::Result<std::uint32_t> inject(const logic::faults::FaultOrder& order);

private:
  std::uint32_t order_actors(const logic::faults::FaultOrder& order,
                             std::function<void()> act);
  std::uint32_t arm_gates(const logic::faults::FaultOrder& order,
                          std::function<void()> act = {});
  std::uint32_t arm_next_gate(const logic::faults::FaultOrder& order);

  caf::actor_system& system_;
  std::shared_ptr<Topology> topology_;
  std::shared_ptr<adapters::sabotage::Sabotage> sabotage_;
};

} // namespace millrace::node
