#pragma once

#include <cstdint>

namespace millrace::logic {

/// The time of day, milliseconds since 1970 (UTC). Any thread.
class WallClock {
public:
  virtual ~WallClock() = default;
  virtual std::int64_t now_ms() const = 0;
};

} // namespace millrace::logic
