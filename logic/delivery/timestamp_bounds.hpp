#pragma once

#include <cstdint>
#include <limits>

namespace millrace::logic {

/// How far from the present a destination takes timestamps.
struct TimestampBounds {
  static constexpr auto any = std::numeric_limits<std::int64_t>::max();

  std::int64_t ahead_ms = any;
  std::int64_t behind_ms = any;

  bool unlimited() const noexcept {
    return ahead_ms == any && behind_ms == any;
  }

  bool refuse(std::int64_t timestamp_ms, std::int64_t wall_ms) const noexcept {
    const auto ahead = timestamp_ms - wall_ms;
    return ahead > ahead_ms || -ahead > behind_ms;
  }
};

} // namespace millrace::logic
