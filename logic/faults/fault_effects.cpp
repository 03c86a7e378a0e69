#include "logic/faults/fault_effects.hpp"

#include <stdexcept>

namespace millrace::logic::faults {

void suffer(const FaultOrder& order, FaultEffects& effects) {
  switch (order.kind) {
    case FaultKind::crash:
      throw std::runtime_error{"fault on purpose: crash"};
    case FaultKind::hang:
    case FaultKind::slow:
      effects.block(order.duration);
      break;
    case FaultKind::die_on_match:
      effects.kill_process();
      break;
    default:
      break;
  }
}

} // namespace millrace::logic::faults
