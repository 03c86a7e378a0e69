#pragma once

#include "logic/links/node_identity.hpp"
#include "node/config/node_config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::node {

/// Who this node is to its peers. `geoip_files` is what the databases call
/// themselves, `capacity` how many batches it works on at a time. The
/// incarnation and the address are drawn and found later.
logic::links::NodeIdentity
identity_of(const NodeConfig& config,
            const std::vector<std::string>& geoip_files,
            std::uint32_t capacity);

} // namespace millrace::node
