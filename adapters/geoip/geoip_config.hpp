#pragma once

#include "logic/core/settings.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::adapters::geoip {

/// Section `geoip`.
struct GeoipConfig {
  /// Files in the MaxMind DB format, most trusted first; empty: no lookup.
  std::vector<std::string> files;
  /// Zero: never.
  std::chrono::milliseconds reload_interval{30'000};
  /// Places that one lookup keeps before it starts afresh.
  std::int64_t cache_places = 65'000;
  /// "memory" or "map", see docs/geoip.md.
  std::string access = "memory";
};

void describe(logic::SettingVisitor& visitor, GeoipConfig& config);

} // namespace millrace::adapters::geoip
