#include "adapters/faults/process_faults.hpp"

#include <csignal>
#include <thread>

namespace millrace::adapters::faults {

void ProcessFaults::block(std::chrono::milliseconds duration) {
  std::this_thread::sleep_for(duration);
}

void ProcessFaults::kill_process() {
  std::raise(SIGKILL);
}

} // namespace millrace::adapters::faults
