#pragma once

#include "logic/core/settings.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace millrace::actors {

/// Rolling counts and the watch list.
struct InsightsConfig {
  bool enabled = true;
  std::chrono::milliseconds interval{10'000};
  std::vector<std::string> watched_versions{"2.3.0"};
};

void describe(logic::SettingVisitor& visitor, InsightsConfig& config);

} // namespace millrace::actors
