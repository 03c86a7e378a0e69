#pragma once

#include "logic/faults/fault_order.hpp"

#include <chrono>

namespace millrace::logic::faults {

/// What a fault on purpose does to the thread or the process that it befalls.
/// Any thread.
class FaultEffects {
public:
  virtual ~FaultEffects() = default;

  /// Keeps the calling thread for so long.
  virtual void block(std::chrono::milliseconds duration) = 0;

  /// Ends the process as kill -9 does.
  virtual void kill_process() = 0;
};

/// Does to the caller what the order says: throws (crash), blocks (hang,
/// slow) or dies (die). Orders of other kinds are not an actor's to suffer and
/// do nothing.
void suffer(const FaultOrder& order, FaultEffects& effects);

} // namespace millrace::logic::faults
