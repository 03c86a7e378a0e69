#pragma once

#include "logic/faults/fault_effects.hpp"

namespace millrace::adapters::faults {

/// The real thing: sleeps, and sends SIGKILL to itself.
class ProcessFaults final : public logic::faults::FaultEffects {
public:
  void block(std::chrono::milliseconds duration) override;
  void kill_process() override;
};

} // namespace millrace::adapters::faults
