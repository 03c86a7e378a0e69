#pragma once

#include "logic/faults/fault_effects.hpp"

#include <chrono>

namespace millrace::tests {

/// Counts what an actor would suffer: on a deterministic scheduler nothing may
/// block, and the process that would die runs the test.
class VirtualFaults final : public logic::faults::FaultEffects {
public:
  void block(std::chrono::milliseconds duration) override {
    blocked += duration;
  }
  void kill_process() override { ++kills; }

  std::chrono::milliseconds blocked{0};
  int kills = 0;
};

} // namespace millrace::tests
