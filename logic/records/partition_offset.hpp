#pragma once

#include "logic/core/ids.hpp"

#include <compare>

namespace millrace::logic {

struct PartitionEpoch {
  PartitionId partition;
  AssignmentEpoch epoch;
  friend auto operator<=>(const PartitionEpoch&, const PartitionEpoch&)
    = default;
};

/// The next offset to read after what is finished, as Kafka commits it.
struct PartitionOffset {
  PartitionId partition;
  AssignmentEpoch epoch;
  Offset next;
};

} // namespace millrace::logic
