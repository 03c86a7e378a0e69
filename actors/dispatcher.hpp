#pragma once

#include "actors/stage.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>

namespace millrace::actors {

struct DispatcherParts {
  std::uint32_t retry_limit = 3;
  Surroundings surroundings;
};

/// Keeps every raw batch until the producer reports it finished, deals
/// batches to lanes, and tries again what a stage failed. Its ledger, not any
/// mailbox, is the truth about what is unfinished. Lanes attach after it is
/// spawned; the consumer makes itself known by its first batch. It dies when
/// a batch is out of retries: then the node must stop rather than skip it.
DispatcherActor spawn_dispatcher(caf::actor_system& system,
                                 DispatcherParts parts);

} // namespace millrace::actors
