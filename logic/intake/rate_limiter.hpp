#pragma once

#include "logic/intake/token_bucket.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace millrace::logic {

/// Says how many events may be taken in now, and keeps the time for which it
/// said none. Whoever reads asks when there may be something to read; nothing
/// is dropped, it stays with the broker. Knows no clock.
class RateLimiter {
public:
  using TimePoint = TokenBucket::TimePoint;
  using Duration = TokenBucket::Duration;

  RateLimiter(double events_per_second, double burst_events)
    : bucket_(events_per_second, burst_events) {}

  bool unlimited() const noexcept { return bucket_.unlimited(); }

  /// Events that may be taken in now, at most `most`. After a refusal there
  /// are none until a twentieth of a second's worth has gathered: batches of
  /// one event would cost more than they are worth.
  std::uint64_t allowance(std::uint64_t most, TimePoint now) {
    if (unlimited())
      return most;
    const auto available = bucket_.available(now);
    if (available == 0
        || (refused_since_ && bucket_.wait_for(quantum()) > Duration{})) {
      if (!refused_since_)
        refused_since_ = now;
      return 0;
    }
    if (refused_since_)
      held_back_ += now - *refused_since_;
    refused_since_.reset();
    return std::min(most, available);
  }

  void take(std::uint64_t events) noexcept {
    if (!unlimited())
      bucket_.take(events);
  }

  /// Until it is worth to ask again.
  Duration wait() const noexcept { return bucket_.wait_for(quantum()); }

  bool refusing() const noexcept { return refused_since_.has_value(); }

  /// The time spent refusing since this was asked last.
  Duration take_held_back() noexcept {
    return std::exchange(held_back_, Duration{});
  }

private:
  double quantum() const noexcept {
    constexpr double per_second = 20;
    return std::max(1.0, bucket_.rate() / per_second);
  }

  TokenBucket bucket_;
  std::optional<TimePoint> refused_since_;
  Duration held_back_{};
};

} // namespace millrace::logic
