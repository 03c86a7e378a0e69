#pragma once

#include "logic/core/ids.hpp"

#include <chrono>
#include <compare>
#include <cstdint>

namespace millrace::logic {

/// Where a batch stands in its partition and epoch. A batch that was cut into
/// pieces to find the record that fails a stage shares one sequence; the
/// pieces are counted within it.
struct BatchPlace {
  BatchSequence sequence;
  std::uint32_t piece = 0;
  friend auto operator<=>(const BatchPlace&, const BatchPlace&) = default;
};

/// Goes with a batch through all stages: which batch it is, and which try.
struct BatchTicket {
  BatchId id;
  PartitionId partition;
  AssignmentEpoch epoch;
  BatchPlace place;
  bool ends_sequence = true; ///< false for all pieces but the last
  /// When dispatched; everything before it needs no waiting for.
  BatchPlace oldest_unfinished;
  std::uint32_t attempt = 0; ///< 0 = the first
  std::uint32_t lane = 0;
  /// Which life of that lane; what an earlier one still says is ignored.
  Incarnation lane_incarnation;
  /// By the actor clock, when the batch was taken from the source.
  std::chrono::steady_clock::time_point read_at;
};

} // namespace millrace::logic
