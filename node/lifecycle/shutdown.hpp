#pragma once

#include "logic/core/log.hpp"
#include "node/topology/topology.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace millrace::node {

struct ShutdownOutcome {
  std::uint64_t records = 0; ///< read in all
  std::uint64_t unfinished = 0; ///< left behind
  std::string failure; ///< empty where all parts ended as they should
};

/// Stops the intake, finishes what is in flight, commits, publishes the last
/// insights and closes the output, within the deadline and some seconds. An
/// actor that dies or is replaced meanwhile is asked again, unless the
/// supervisor `gave_up` and starts nobody any more. Blocks; the actors live on.
ShutdownOutcome shut_down(caf::actor_system& system, const Topology& topology,
                          std::chrono::milliseconds deadline, bool gave_up,
                          logic::Log& log);

} // namespace millrace::node
