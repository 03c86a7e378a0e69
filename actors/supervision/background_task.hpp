#pragma once

#include "actors/interfaces.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>

namespace millrace::actors {

struct BackgroundTask {
  /// May block. Returns false when there is nothing left to do.
  std::function<bool()> work;
  /// From the end of one run to the begin of the next.
  std::chrono::milliseconds pause{};
};

/// Runs the task at once and then after every pause, on a thread of its own,
/// so that what waits for disks or brokers holds nobody up.
BackgroundActor spawn_background_task(caf::actor_system& system,
                                      BackgroundTask task);

} // namespace millrace::actors
