#pragma once

#include "logic/core/result.hpp"
#include "logic/records/partition_offset.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// Why a partition is not read on from the offset that was committed, or that
/// its reader had come to.
enum class PositionFault : std::uint8_t {
  retention, ///< the records there are retained no longer
  truncation, ///< the log ends before it
  recreation, ///< the topic was deleted and created again
  lost_commit, ///< the group has forgotten what it had committed
};
inline constexpr std::size_t position_fault_count = 4;

/// The fault's name, for logs and metrics.
std::string_view to_string(PositionFault fault) noexcept;

/// Reading goes on at `to` instead of at `from`.
struct PositionJump {
  PositionFault why = PositionFault::retention;
  Offset from;
  Offset to;

  /// Offsets passed over; 0 where reading goes back.
  std::uint64_t skipped() const noexcept {
    return to.value > from.value
             ? static_cast<std::uint64_t>(to.value - from.value)
             : 0;
  }
  friend bool operator==(const PositionJump&, const PositionJump&) = default;
};

/// What a Kafka client asks its owner to take note of. Of a producer only
/// `fault`, `failed`, `recovered`, `warning` and `recreated` come.
struct ClientEvent {
  enum class Kind : std::uint8_t {
    assigned, ///< `partitions` now belong to this node, under a new epoch
    revoked, ///< `partitions` must be given back: finish, commit, `release`
    lost, ///< `partitions` are gone already: forget, then `release`
    uncommitted, ///< `error`: a commit that was not waited for has failed
    fault, ///< `error`: a passing trouble, for the log and readiness
    failed, ///< `error`: this client is dead and must be built anew
    recovered, ///< the broker answers again after a fault
    warning, ///< `error`: for people to know; nothing stands still for it
    placed, ///< `partitions`, one, is read from `position`, which is not
            ///< committed; `jump` where another place was to be expected
    restarted, ///< the log of `partitions`, one, begins anew: finish what is
               ///< in flight, forget its offsets, `release`; commit nothing
    recreated, ///< `error`: so does that of the whole `topic`
    unplaced, ///< `error`: somebody must decide from where to read on
  };
  Kind kind = Kind::fault;
  std::vector<PartitionEpoch> partitions;
  Error error;
  std::optional<PositionJump> jump{};
  std::optional<Offset> position{};
  std::string topic{}; ///< of `recreated`
  bool added = false; ///< `placed` at the begin, as the partition is new
};

} // namespace millrace::logic
