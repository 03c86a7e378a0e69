#pragma once

#include <chrono>
#include <functional>

namespace millrace::node {

/// Waits for at most so long; true once the run is to end.
using StopWaiter = std::function<bool(std::chrono::microseconds)>;

} // namespace millrace::node
