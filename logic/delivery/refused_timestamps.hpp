#pragma once

#include "logic/delivery/outgoing_record.hpp"
#include "logic/delivery/timestamp_bounds.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>

namespace millrace::logic {

/// What timestamps each destination takes, where it is known. Elsewhere
/// remembers for a while how far from the present the timestamps were that
/// each destination refused, so that a source whose clock is wrong does not
/// have every request refused first: each refusal costs the client a new
/// producer epoch, of which there are 32,767.
class RefusedTimestamps {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  void add(Destination destination, std::int64_t timestamp_ms,
           std::int64_t wall_ms, TimePoint now) {
    auto& known = bounds_[static_cast<std::size_t>(destination)];
    if (now >= known.until)
      known = {};
    const auto ahead_ms = timestamp_ms - wall_ms;
    if (ahead_ms > 0)
      known.ahead_ms = std::min(known.ahead_ms, ahead_ms);
    else
      known.behind_ms = std::min(known.behind_ms, -ahead_ms);
    known.until = now + memory;
    until_ = known.until;
  }

  /// In place of what was known before.
  void know(Destination destination, TimestampBounds bounds) noexcept {
    taken_[static_cast<std::size_t>(destination)] = bounds;
    limited_ = std::any_of(taken_.begin(), taken_.end(),
                           [](const auto& each) { return !each.unlimited(); });
  }

  /// Whether any timestamp may be refused at all.
  bool any(TimePoint now) const noexcept { return limited_ || now < until_; }

  /// Whether it will be refused, or one no nearer to the present was.
  bool covers(Destination destination, std::int64_t timestamp_ms,
              std::int64_t wall_ms, TimePoint now) const noexcept {
    if (taken_[static_cast<std::size_t>(destination)].refuse(timestamp_ms,
                                                             wall_ms))
      return true;
    const auto& known = bounds_[static_cast<std::size_t>(destination)];
    const auto ahead_ms = timestamp_ms - wall_ms;
    return now < known.until
           && (ahead_ms >= known.ahead_ms || -ahead_ms >= known.behind_ms);
  }

private:
  static constexpr std::chrono::minutes memory{1};
  static constexpr auto never = std::numeric_limits<std::int64_t>::max();

  struct Bounds {
    std::int64_t ahead_ms = never;
    std::int64_t behind_ms = never;
    TimePoint until{};
  };

  std::array<Bounds, destination_count> bounds_;
  std::array<TimestampBounds, destination_count> taken_;
  bool limited_ = false;
  TimePoint until_{};
};

} // namespace millrace::logic
