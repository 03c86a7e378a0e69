#pragma once

#include <cstdint>
#include <limits>

namespace millrace::logic::generation {

/// When each record of a stream of constant rate is meant to be sent. The
/// times depend on the rate alone, never on how fast records were taken:
/// a stall shows up as latency (no coordinated omission).
class SendSchedule {
public:
  static constexpr std::uint64_t unlimited
    = std::numeric_limits<std::uint64_t>::max();

  /// Events a second; 0 for as fast as possible.
  explicit SendSchedule(double rate) noexcept : rate_(rate) {}

  bool paced() const noexcept { return rate_ > 0.0; }

  /// How many records ought to be under way so long after the start.
  std::uint64_t due(std::int64_t elapsed_us) const noexcept {
    if (!paced())
      return unlimited;
    return static_cast<std::uint64_t>(static_cast<double>(elapsed_us) * rate_
                                      / 1e6)
           + 1;
  }

  /// When record `number` is due, in microseconds since the start; 0 for all
  /// without a rate.
  std::int64_t intended_us(std::uint64_t number) const noexcept {
    if (!paced())
      return 0;
    return static_cast<std::int64_t>(static_cast<double>(number) * 1e6 / rate_);
  }

private:
  double rate_ = 0.0;
};

} // namespace millrace::logic::generation
