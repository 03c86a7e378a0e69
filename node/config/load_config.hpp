#pragma once

#include "node/config/load_settings.hpp"
#include "node/config/node_config.hpp"

namespace millrace::node {

/// A configuration and how it came about. With `faults` it must not be run.
struct LoadedConfig : SettingsReport {
  NodeConfig config;
};

/// Reads and checks the whole configuration. Touches nothing but the files
/// that are named in it.
LoadedConfig load_config(const ConfigInputs& inputs);

} // namespace millrace::node
