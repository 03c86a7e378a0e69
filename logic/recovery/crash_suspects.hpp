#pragma once

#include "logic/core/ids.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace millrace::logic {

/// Offsets of one partition, 0 or more. Not every one need hold a record
/// (compaction, transaction markers).
struct OffsetRange {
  PartitionId partition;
  Offset first;
  Offset last; ///< inclusive
  friend auto operator<=>(const OffsetRange&, const OffsetRange&) = default;
};

/// What makes a suspect. Both at least 1.
struct CrashLimits {
  /// So many deaths with a range in flight, and it is taken alone.
  std::uint32_t deaths_to_isolate = 2;
  /// So many deaths with a single offset alone in flight, and it goes to the
  /// dead letters. One may be chance (somebody's kill -9, a memory limit); two
  /// in succession on one and the same lone record are taken for proof.
  std::uint32_t lone_deaths_to_dead_letter = 2;
};

/// Offsets that were in flight when the process died, and have not finished
/// since.
struct Suspect {
  OffsetRange range;
  std::uint32_t deaths = 0; ///< with it in flight, alone or among others
  std::uint32_t lone_deaths = 0; ///< with just this single offset in flight
  bool halved = false; ///< a half of a range that died alone
  friend bool operator==(const Suspect&, const Suspect&) = default;
};

/// Consecutive records of a batch that are to be handled in one way.
struct PlannedPiece {
  enum class Treatment : std::uint8_t {
    ordinary,
    alone, ///< with nothing else in flight in the whole node
    dead_letter ///< a single record, to the dead letters without another try
  };
  std::size_t first_index = 0;
  std::size_t count = 0;
  Treatment treatment = Treatment::ordinary;
  friend bool operator==(const PlannedPiece&, const PlannedPiece&) = default;
};

/// Finds the records that kill the process, over its lives: ranges are
/// suspected by overlap, as batches are cut anew in each life. A range that
/// was in flight at enough deaths is taken alone; one that dies alone is
/// halved, and so down to a single offset, which goes to the dead letters once
/// it has died alone often enough. What finishes is innocent.
///
/// It ends: with k killers, `begin` told of every piece with the offsets of
/// its first and last record, pieces spanning at most n offsets, alone pieces
/// really alone, and a table that never had to drop anything, the process
/// dies at most
///
///   k * (deaths_to_isolate + ceil(log2 n) + lone_deaths_to_dead_letter)
///
/// times of killers, and once more for each death of other causes. For: a
/// killer never finishes, so nothing but its own dead letter takes suspicion
/// off it. Each death that it causes among others adds 1 to its deaths, until
/// it is isolated; each one that it causes alone halves the piece around it,
/// which lay within one batch, or adds 1 to its lone deaths. What other
/// deaths do only brings it further. With m nodes that take over from each
/// other, each with its own table, it is at most m times that.
///
/// An innocent record goes to the dead letters only if the process happens to
/// die `lone_deaths_to_dead_letter` times in succession while it is alone in
/// flight, after deaths have narrowed the suspicion down to it; and then it is
/// a dead letter, not lost. Not thread-safe.
class CrashSuspects {
public:
  explicit CrashSuspects(CrashLimits limits = {});

  /// Puts back what was listed. False, and nothing done, if it makes no sense
  /// or overlaps another.
  bool restore(const Suspect& suspect);

  /// The process died with these in flight; they may overlap.
  void blame(std::vector<OffsetRange> in_flight);

  /// The process died with nothing in flight but this: halves it, or counts
  /// a lone death if it is a single offset. Nothing else is to blame.
  void blame_alone(const OffsetRange& range);

  /// This has finished, or holds no records. What is condemned to the
  /// dead letters stays so, because it may be read again as long as it is not
  /// committed. Returns whether anything changed.
  bool clear(const OffsetRange& range);

  /// The partition is committed up to before `next`: whatever lies there is
  /// never read again. Returns whether anything changed.
  bool forget_before(PartitionId partition, Offset next);

  /// Makes the table fit: joins suspects that never died alone with their
  /// neighbours, nearest first (what lies between becomes suspect, which
  /// costs time but harms nobody); if that is not enough, drops the least
  /// suspicious. Returns how many were dropped.
  std::size_t shrink_to(std::size_t capacity);

  /// Cuts a batch, given the offsets of its records in rising order, into
  /// pieces that cover it. An alone piece lies within one suspect.
  std::vector<PlannedPiece> plan(PartitionId partition,
                                 std::span<const Offset> offsets) const;

  PlannedPiece::Treatment treatment(const Suspect& suspect) const noexcept;

  /// By partition and offset.
  std::vector<Suspect> list() const;
  std::size_t size() const noexcept { return by_start_.size(); }
  bool empty() const noexcept { return by_start_.empty(); }

private:
  using Start = std::pair<PartitionId, Offset>;
  using Table = std::map<Start, Suspect>;

  static bool mergeable(const Suspect& suspect) noexcept {
    return !suspect.halved && suspect.lone_deaths == 0;
  }
  void insert(const Suspect& suspect);
  void split_before(PartitionId partition, Offset offset);
  void isolate(const OffsetRange& range);
  void join_neighbours();
  void join_nearest(std::size_t joints);
  std::size_t drop_least_suspicious(std::size_t surplus);
  Table::const_iterator first_reaching(PartitionId partition,
                                       Offset offset) const;

  CrashLimits limits_;
  Table by_start_; ///< apart from each other
};

} // namespace millrace::logic
