#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace millrace::logic {

/// A token bucket: lets a mean rate through, and up to `burst` at once after a
/// pause. What is taken beyond what is there is owed, so that a batch need not
/// be split to the token. Knows no clock; time must not go back.
class TokenBucket {
public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  /// Both in tokens (a second); a rate of 0 lets everything through, a burst
  /// of 0 is one second's worth. Begins full.
  TokenBucket(double rate, double burst)
    : rate_(rate), burst_(std::max(1.0, burst > 0 ? burst : rate)),
      tokens_(burst_) {}

  bool unlimited() const noexcept { return rate_ <= 0; }
  double rate() const noexcept { return rate_; }
  double burst() const noexcept { return burst_; }

  /// Whole tokens that are there now; 0 also while some are owed.
  std::uint64_t available(TimePoint now) noexcept {
    refill(now);
    return tokens_ >= 1 ? static_cast<std::uint64_t>(tokens_) : 0;
  }

  void take(std::uint64_t count) noexcept {
    tokens_ -= static_cast<double>(count);
  }

  /// Until so many are there, or as many as there can be.
  Duration wait_for(double count) const noexcept {
    const auto missing = std::min(count, burst_) - tokens_;
    if (unlimited() || missing <= 0)
      return {};
    return std::chrono::ceil<Duration>(
      std::chrono::duration<double>{missing / rate_});
  }

private:
  void refill(TimePoint now) noexcept {
    if (last_ != TimePoint{} && now > last_)
      tokens_ = std::min(
        burst_,
        tokens_ + rate_ * std::chrono::duration<double>{now - last_}.count());
    last_ = std::max(last_, now);
  }

  double rate_;
  double burst_;
  double tokens_;
  TimePoint last_{};
};

} // namespace millrace::logic
