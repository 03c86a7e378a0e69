#pragma once

#include "actors/interfaces.hpp"
#include "actors/stage.hpp"
#include "adapters/geoip/geo_database.hpp"
#include "node/config/node_config.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <vector>

namespace millrace::node {

/// Starts what waits for disks and brokers beside the flow of events: creating
/// the configured topics (tried again until it is done), and looking after
/// changed GeoIP files. Whoever owns the system tells each to exit.
std::vector<actors::BackgroundActor>
start_background_tasks(caf::actor_system& system, const NodeConfig& config,
                       std::shared_ptr<adapters::geoip::GeoDatabase> geo,
                       const actors::Surroundings& surroundings);

} // namespace millrace::node
