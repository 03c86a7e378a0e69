#pragma once

#include "actors/supervision/background_task.hpp"
#include "actors/supervision/supervised.hpp"
#include "adapters/geoip/geo_database.hpp"
#include "adapters/geoip/quiet_network_list.hpp"
#include "node/config/node_config.hpp"

#include <map>
#include <memory>
#include <string>

namespace millrace::node {

/// What waits for disks and brokers beside the flow of events, by name:
/// creating the configured topics (tried again until it is done), looking
/// after changed files of GeoIP and of quiet networks, and after other nodes
/// of the group while nothing links them.
std::map<std::string, actors::BackgroundTask>
background_tasks(const NodeConfig& config,
                 std::shared_ptr<adapters::geoip::GeoDatabase> geo,
                 std::shared_ptr<adapters::geoip::QuietNetworkList> quiet,
                 const actors::Surroundings& surroundings);

} // namespace millrace::node
