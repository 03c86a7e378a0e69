#pragma once

#include "logic/core/result.hpp"
#include "logic/records/partition_offset.hpp"

#include <cstdint>
#include <vector>

namespace millrace::logic {

/// What a Kafka client asks its owner to take note of. Of a producer only
/// `fault`, `failed`, `recovered` and `warning` come.
struct ClientEvent {
  enum class Kind : std::uint8_t {
    assigned, ///< `partitions` now belong to this node, under a new epoch
    revoked, ///< `partitions` must be given back: finish, commit, `release`
    lost, ///< `partitions` are gone already: forget, then `release`
    uncommitted, ///< `error`: a commit that was not waited for has failed
    fault, ///< `error`: a passing trouble, for the log and readiness
    failed, ///< `error`: this client is dead and must be built anew
    recovered, ///< the broker answers again after a fault
    warning ///< `error`: for people to know; nothing stands still for it
  };
  Kind kind = Kind::fault;
  std::vector<PartitionEpoch> partitions;
  Error error;
};

} // namespace millrace::logic
