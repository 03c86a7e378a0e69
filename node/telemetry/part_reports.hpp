#pragma once

#include "messages/supervision.hpp"
#include "node/endpoint/node_status.hpp"
#include "node/topology/topology.hpp"

#include <caf/actor_system.hpp>

#include <vector>

namespace millrace::node {

/// Fills in what the parts of a node say of themselves. One that does not
/// answer within a second is left out, and makes the status a failure unless it
/// is one already. Blocks; any thread but those of actors.
void ask_parts(caf::actor_system& system, const Topology& topology,
               NodeStatus& status);

/// What the supervisor healed; nothing where it does not answer. Likewise.
std::vector<messages::Recovery> recoveries_of(caf::actor_system& system,
                                              const Topology& topology);

} // namespace millrace::node
