#pragma once

#include "node/config/load_config.hpp"

#include <CLI/App.hpp>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace millrace::node::commands {

/// What a command line says of the configuration.
struct ConfigOptions {
  std::string file; ///< --config
  std::vector<std::string> sets; ///< --set
  std::vector<ConfigFlag> shorts; ///< --bootstrap-servers, --input-topic, ...
};

/// Adds --config, --set and the short-hands to a sub-command. The options are
/// filled when the command line is parsed; keep the pointer in the callback.
std::shared_ptr<ConfigOptions> add_config_options(CLI::App& command);

/// Reads the configuration as the options say, with this process's
/// environment. Where --config is not given, MILLRACE_CONFIG names the file.
LoadedConfig load_config(const ConfigOptions& options);

/// Writes warnings and faults, a line each, and returns whether the
/// configuration may be run; if not, the exit code is `invalid_config`.
bool accept_config(const LoadedConfig& loaded, std::ostream& to);

} // namespace millrace::node::commands
