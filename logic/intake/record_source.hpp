#pragma once

#include "logic/core/result.hpp"
#include "logic/intake/group_membership.hpp"
#include "logic/records/client_event.hpp"
#include "logic/records/partition_offset.hpp"
#include "logic/records/record_batch.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace millrace::logic {

struct BatchLimits {
  std::size_t max_records = 1000;
  std::size_t max_bytes = 256 * 1024; ///< a single larger record still passes
};

/// How far a partition's reader is behind, as of the last fetch answer.
struct PartitionLag {
  PartitionId partition;
  Offset high_watermark;
  /// Set while the reader stands at the partition's end and everything before
  /// was handed out: from where it reads on. Behind it are at most the control
  /// records of transactions, which a high watermark counts and nobody reads.
  std::optional<PartitionOffset> end{};
};

/// Reads one topic in a consumer group. All methods from one thread at a
/// time (the owning actor's).
class RecordSource {
public:
  virtual ~RecordSource() = default;

  /// `wake` is called, from any thread, after something new can be taken;
  /// calls are collapsed until the next `take_*`. It must not call back.
  virtual void on_ready(std::function<void()> wake) = 0;

  /// Pending changes, oldest first. Never blocks.
  virtual std::vector<ClientEvent> take_events() = 0;

  /// Records of one partition, null when none are ready. Partitions take
  /// turns. Never blocks. `only` may refuse partitions (draining).
  virtual RecordBatchPtr
  take_batch(const BatchLimits& limits,
             const std::function<bool(PartitionId)>& accepts)
    = 0;

  /// Gives partitions back after `revoked` or `lost`.
  virtual void release(std::span<const PartitionEpoch> partitions) = 0;

  /// Commits; entries of partitions not held under that epoch are dropped.
  /// With `wait` zero it does not wait and a failure comes as a `fault`.
  virtual Result<void> commit(std::span<const PartitionOffset> offsets,
                              std::chrono::milliseconds wait)
    = 0;

  /// Who this is to the group, where that changed since the last call; null
  /// otherwise. To be taken after `take_events`, whose changes it includes.
  virtual GroupMembershipPtr take_membership() { return nullptr; }

  /// These were committed by somebody else, as this member.
  virtual void note_committed(std::span<const PartitionOffset>) {}

  /// Last known high watermarks, and ends, of the assigned partitions.
  virtual std::vector<PartitionLag> high_watermarks() = 0;

  /// Whether it is known of every assigned partition from where it is read: a
  /// record written from now on is read in any case.
  virtual bool places_known() const = 0;

  /// Leaves the group, within `deadline`; without one it tries not. False where
  /// the group has not heard of that by then: it waits until this member's
  /// session ends.
  virtual bool close(std::chrono::milliseconds deadline) = 0;
};

} // namespace millrace::logic
