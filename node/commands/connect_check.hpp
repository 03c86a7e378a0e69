#pragma once

#include "node/config/node_config.hpp"

#include <string>
#include <vector>

namespace millrace::node::commands {

/// What came of trying one thing that the configuration names.
struct ConnectItem {
  std::string name; ///< "topic user-login"
  bool reached = false;
  std::string text; ///< what was found, or what went wrong and what to do
};

/// Tries the broker, the topics, the geolocation files and the model file.
/// Changes nothing. Blocks for up to 10 s per item that does not answer.
std::vector<ConnectItem> check_connections(const NodeConfig& config);

} // namespace millrace::node::commands
