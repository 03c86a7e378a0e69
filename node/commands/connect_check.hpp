#pragma once

#include "node/config/node_config.hpp"

#include <chrono>
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
/// Changes nothing. Blocks for at most `deadline` at each item; where no broker
/// answers, its topics are not asked for.
std::vector<ConnectItem> check_connections(const NodeConfig& config,
                                           std::chrono::milliseconds deadline);

} // namespace millrace::node::commands
