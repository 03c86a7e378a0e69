#pragma once

#include "logic/links/node_identity.hpp"
#include "node/config/node_config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::node {

/// Of every setting on which the nodes of a group must agree, or the same
/// login would be judged differently by one than by another: all of
/// `detection` and `validation` but for what is this machine's own (files,
/// sizes), what decides about outputs, and `geoip_files` (what the databases
/// call themselves, not where they are).
std::vector<logic::links::SettingsDigest>
settings_digests(const NodeConfig& config,
                 const std::vector<std::string>& geoip_files);

/// Of the names of all topics.
std::uint64_t topics_digest(const NodeConfig& config);

} // namespace millrace::node
