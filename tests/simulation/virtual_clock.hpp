#pragma once

#include "logic/core/wall_clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace millrace::tests {

/// A time of day that passes only when it is told to. Any thread.
class VirtualClock final : public logic::WallClock {
public:
  explicit VirtualClock(std::int64_t now_ms) : now_ms_(now_ms) {}

  std::int64_t now_ms() const override { return now_ms_; }
  void advance(std::chrono::milliseconds time) { now_ms_ += time.count(); }

private:
  std::atomic<std::int64_t> now_ms_;
};

} // namespace millrace::tests
