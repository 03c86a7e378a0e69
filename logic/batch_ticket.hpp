#pragma once

#include "logic/ids.hpp"

#include <chrono>
#include <cstdint>

namespace millrace::logic {

/// Goes with a batch through all stages: which batch it is, and which try.
struct BatchTicket {
  BatchId id;
  PartitionId partition;
  AssignmentEpoch epoch;
  BatchSequence sequence;
  /// When dispatched; everything before it needs no waiting for.
  BatchSequence oldest_unfinished;
  std::uint32_t attempt = 0; ///< 0 = the first
  std::uint32_t lane = 0;
  /// By the actor clock, when the batch was taken from the source.
  std::chrono::steady_clock::time_point read_at;
};

} // namespace millrace::logic
