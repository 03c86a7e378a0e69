#pragma once

#include "logic/core/wall_clock.hpp"

namespace millrace::adapters {

/// The operating system's time of day.
class SystemClock final : public logic::WallClock {
public:
  std::int64_t now_ms() const override;
};

} // namespace millrace::adapters
