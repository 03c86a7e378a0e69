#pragma once

#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace millrace::actors {

/// How failures of actors are found and how they are started anew.
struct SupervisionConfig {
  std::chrono::milliseconds heartbeat_interval{1'000};
  std::chrono::milliseconds hang_deadline{5'000};
  std::chrono::milliseconds client_hang_deadline{30'000};
  std::int64_t max_hung = 2;
  std::int64_t restart_limit = 10;
  std::chrono::milliseconds restart_window{60'000};
  std::chrono::milliseconds restart_backoff{10};
  std::chrono::milliseconds restart_backoff_max{5'000};
};

void describe(logic::SettingVisitor& visitor, SupervisionConfig& config);

/// Who is asked less often than it may be silent would always seem to hang.
std::vector<logic::Error> check(const SupervisionConfig& config);

} // namespace millrace::actors
