#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace millrace::logic {

/// Exponential back-off: doubles from `first` up to `longest`.
struct BackOff {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds longest{10'000};

  /// The wait before the given retry (1 = the first).
  std::chrono::milliseconds delay(std::uint32_t retry) const noexcept {
    const auto doublings = std::min<std::uint32_t>(retry > 0 ? retry - 1 : 0,
                                                   20);
    return std::min(longest, first * (std::int64_t{1} << doublings));
  }
};

} // namespace millrace::logic
