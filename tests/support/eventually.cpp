#include "tests/support/eventually.hpp"

#include <poll.h>

namespace millrace::tests {

bool eventually(std::chrono::milliseconds limit,
                const std::function<bool()>& condition,
                std::chrono::milliseconds pause) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() >= end)
      return false;
    ::poll(nullptr, 0, static_cast<int>(pause.count()));
  }
  return true;
}

} // namespace millrace::tests
