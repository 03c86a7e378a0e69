#pragma once

#include "logic/core/settings.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace millrace::actors {

/// What is done so that every record ends exactly one way.
struct DeliveryConfig {
  std::string guarantee = "at_least_once"; ///< at_least_once, exactly_once
  std::chrono::milliseconds transaction_interval{100};
  std::chrono::milliseconds transaction_timeout{10'000};
  std::int64_t retry_limit = 3;
  std::chrono::milliseconds retry_backoff{100};
  std::chrono::milliseconds retry_backoff_max{10'000};
  std::chrono::milliseconds commit_interval{1'000};
  std::chrono::milliseconds revoke_deadline{20'000};
  std::chrono::milliseconds shutdown_deadline{25'000};
  std::chrono::milliseconds stall_alarm{60'000};
  std::string oversized_dead_letter = "reference"; ///< reference, stop
  std::string crash_journal; ///< path; empty: none

  bool exactly_once() const noexcept { return guarantee == "exactly_once"; }
};

void describe(logic::SettingVisitor& visitor, DeliveryConfig& config);

} // namespace millrace::actors
