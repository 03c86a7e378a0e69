#pragma once

#include "logic/supervision/spec.hpp"

#include <chrono>
#include <cstdint>
#include <deque>

namespace millrace::logic::supervision {

/// Counts the restarts of a group within its window (OTP: `add_restart` in
/// supervisor.erl). Holds at most one more time than are allowed, provided
/// that it is forgotten once exceeded.
class RestartIntensity {
public:
  explicit RestartIntensity(Intensity limit) : limit_(limit) {}

  /// Notes a restart. How many lie in the window that ends now, this one
  /// included; one exactly a window ago still does. Time must not go back.
  std::uint32_t add(TimePoint now);

  /// Whether the last count was more than allowed.
  bool exceeded() const noexcept { return recent_.size() > limit_.restarts; }

  void forget() noexcept { recent_.clear(); }

  const Intensity& limit() const noexcept { return limit_; }

private:
  Intensity limit_;
  std::deque<TimePoint> recent_; ///< the oldest first
};

/// A wait between half the delay and the delay, inclusive, so that those who
/// fail together do not come back together ("equal jitter" of M. Brooker,
/// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). `bits`
/// are random; the upper half of them decides. For delays up to 90 days.
std::chrono::milliseconds jittered(std::chrono::milliseconds delay,
                                   std::uint64_t bits) noexcept;

} // namespace millrace::logic::supervision
