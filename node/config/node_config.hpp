#pragma once

#include "logic/result.hpp"
#include "logic/settings.hpp"

#include <vector>

namespace millrace::node {

/// Everything that can be set, one member per component. A component's
/// defaults, documentation and bounds stand beside the component; here they
/// are only gathered.
struct NodeConfig {
};

/// Declares all settings of all components, each in its own section.
void describe(logic::SettingVisitor& visitor, NodeConfig& config);

/// What the components object to in the configuration as a whole: runs the
/// `std::vector<logic::Error> check(const TheConfig&)` of each component that
/// has one, found beside the component's struct. A text that begins with a
/// key (`kafka.auto_commit: ...`) is reported with that key's origin.
std::vector<logic::Error> check(const NodeConfig& config);

} // namespace millrace::node
