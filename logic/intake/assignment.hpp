#pragma once

#include "logic/core/ids.hpp"
#include "logic/records/partition_offset.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace millrace::logic {

/// The partitions that a consumer holds, how far each was read, finished and
/// committed, and which are on their way out. Pure bookkeeping: whatever
/// belongs to another epoch than the current one is ignored.
class Assignment {
public:
  explicit Assignment(std::int64_t max_read_ahead)
    : max_read_ahead_(max_read_ahead) {}

  struct Partition {
    AssignmentEpoch epoch;
    std::optional<Offset> read{}; ///< next offset to read
    std::optional<Offset> finished{}; ///< next offset after what is finished
    std::optional<Offset> committed{}; ///< as last accepted by the broker
    bool leaving = false;

    /// Nothing that was read is unfinished.
    bool drained() const noexcept { return read == finished; }
  };

  void assign(std::span<const PartitionEpoch> partitions);

  /// Notes that records from `first` to `last`, both included, were read.
  void note_read(const PartitionEpoch& held, Offset first, Offset last);

  /// Notes that reading begins at `offset`, which is not what was committed
  /// and so has to be. Nothing while records are in flight, which say it later.
  void note_placed(const PartitionEpoch& held, Offset offset);

  /// Notes that the reader stands at the partition's end: what lies between
  /// the last record and there needs no work. Once the records are finished,
  /// so is it. Before the first record it is where the group had committed.
  void note_end(const PartitionOffset& end);

  /// Notes that everything before `next` is finished. False if the epoch is
  /// not the current one.
  bool note_finished(PartitionId partition, AssignmentEpoch epoch, Offset next);

  /// Stops the intake of these; they stay until `remove`.
  void begin_leaving(std::span<const PartitionEpoch> partitions);
  void begin_leaving_all();
  void remove(std::span<const PartitionEpoch> partitions);

  /// Whether records of this partition may be read: it is held, not leaving,
  /// and no more than `max_read_ahead` offsets past its oldest unfinished
  /// record. Without that bound one record that cannot be delivered would let
  /// its partition run ahead, to be done all over after a restart.
  bool accepts(PartitionId partition) const noexcept;

  /// Whether none of these has unfinished records under the given epoch.
  bool drained(std::span<const PartitionEpoch> partitions) const;
  bool drained() const;

  /// What is finished and not yet committed.
  std::vector<PartitionOffset> committable() const;
  /// The same of partitions in which nothing is in flight.
  std::vector<PartitionOffset> committable_at_rest() const;
  /// Those of these that are not known to be committed.
  std::vector<PartitionOffset>
  uncommitted(std::span<const PartitionOffset> offsets) const;
  void note_committed(std::span<const PartitionOffset> offsets);

  /// A commit failed, nobody knows which: all are to be committed again.
  void doubt_commits();

  /// Where these partitions stand, committed or not: for the last commit
  /// before they are given back, as an earlier one may have failed unseen.
  std::vector<PartitionOffset>
  finished(std::span<const PartitionEpoch> partitions) const;

  const std::map<PartitionId, Partition>& partitions() const noexcept {
    return partitions_;
  }
  std::vector<PartitionEpoch> all() const;
  bool holds(const PartitionEpoch& held) const {
    return find(held.partition, held.epoch) != nullptr;
  }
  /// The highest epoch so far, held or not.
  AssignmentEpoch newest() const noexcept { return newest_; }

  /// Records read and not finished, by the distance of their offsets.
  std::uint64_t unfinished_records() const noexcept;
  bool empty() const noexcept { return partitions_.empty(); }

private:
  Partition* find(PartitionId partition, AssignmentEpoch epoch);
  const Partition* find(PartitionId partition, AssignmentEpoch epoch) const;

  std::map<PartitionId, Partition> partitions_;
  AssignmentEpoch newest_{};
  std::int64_t max_read_ahead_;
};

} // namespace millrace::logic
