#pragma once

#include "logic/core/ids.hpp"
#include "logic/recovery/crash_suspects.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// How much the journal holds: 24 bytes for each range in flight, 64 for each
/// suspect (there are two tables of them).
struct CrashJournalCapacity {
  std::uint32_t in_flight = 4096;
  std::uint32_t suspects = 1024; ///< at most 65,535
};

/// Whose offsets these are. What was written for another topic or group means
/// nothing here. A topic that was deleted and made anew counts its offsets
/// from the beginning again: the journal should go with it.
struct CrashJournalOwner {
  std::string_view topic;
  std::string_view consumer_group;
};

/// Names a range in flight until it ends.
using JournalSlot = StrongNumber<struct JournalSlotTag, std::uint32_t>;

struct JournalledRange {
  OffsetRange range;
  bool alone = false; ///< nothing else was to be in flight
  friend bool operator==(const JournalledRange&, const JournalledRange&)
    = default;
};

/// What a new life finds.
struct LifeBegun {
  std::uint32_t life = 1; ///< counts the lives of this journal, from 1
  bool died = false; ///< the life before did not end by close_cleanly
  std::vector<JournalledRange> in_flight; ///< when it died; unordered
  std::vector<Suspect> suspects; ///< as of now
  /// Why something that was found could not be used, for the log.
  std::optional<std::string> note;
};

/// Remembers across the death of the process what was in flight: partition,
/// offsets, whether alone; no data of any record. Works on memory that
/// outlives the process, that is, a file mapped shared
/// (adapters/recovery/journal_file.hpp). A process may be killed between any
/// two instructions: each change is prepared where nobody looks and takes
/// effect by one store of one aligned word. It is not meant to survive a power
/// failure whole; what is torn then is found out and dropped.
///
/// What the words mean: a slot is in flight if its state names the life that
/// the commit word names; the commit word also says which of two tables of
/// suspects holds, how long it is, and whether this life ended cleanly. So
/// one store of the commit word begins a life: it takes the new table into
/// use and empties all slots.
///
/// Beginning and ending a range is a few stores, and the suspects are written
/// only where there are any. One thread at a time.
class CrashJournal {
public:
  static std::size_t
  bytes_needed(const CrashJournalCapacity& capacity) noexcept;

  /// `memory` is aligned to 8 bytes, at least `bytes_needed` long (asserted),
  /// all zero when new, and outlives this. Nothing is changed before
  /// `open_life`.
  CrashJournal(std::span<std::byte> memory, const CrashJournalOwner& owner,
               CrashJournalCapacity capacity = {}, CrashLimits limits = {});
  CrashJournal(const CrashJournal&) = delete;
  CrashJournal& operator=(const CrashJournal&) = delete;

  /// Begins a life; once, before all else. If the one before died, blames
  /// what was in flight: a range that was to be alone takes all the blame,
  /// unless there are several of that kind, when all share it.
  LifeBegun open_life();

  /// A range is in flight from now on; first to last offset of its records
  /// (see CrashSuspects on why not more). Nothing, and counted, if the
  /// journal is full: the range goes on without being watched.
  std::optional<JournalSlot> begin(const OffsetRange& range, bool alone);

  /// It has finished: it is suspected no longer.
  void end(JournalSlot slot);

  /// It is in flight no longer, but has not finished: revoked, put back.
  void abandon(JournalSlot slot);

  /// As CrashSuspects: this holds no records, or has finished otherwise.
  void clear(const OffsetRange& range);

  /// As CrashSuspects. To be called with committed offsets, not with
  /// finished ones: what went to the dead letters but not committed will be
  /// read again, and must not be tried again.
  void forget_before(PartitionId partition, Offset next);

  /// The process ends by its own will: whatever is in flight is not to blame.
  /// Nothing begins after this (asserted), but ends still count.
  void close_cleanly();

  const CrashSuspects& suspects() const noexcept { return suspects_; }
  std::size_t in_flight() const noexcept {
    return capacity_.in_flight - free_slots_.size();
  }
  /// Ranges that went unwatched because the journal was full, in this life.
  std::uint64_t unwatched() const noexcept { return unwatched_; }
  /// Suspects dropped because their table was full, in this life.
  std::uint64_t dropped_suspects() const noexcept { return dropped_suspects_; }

private:
  struct Header;
  struct Slot;
  struct Row;
  /// The commit word, taken apart.
  struct Commit {
    std::uint32_t life = 0; ///< below 2^31; 0 = none yet
    std::uint16_t suspects = 0; ///< rows in the table that holds
    bool second_table = false;
    bool clean = false;
  };

  Header& header() const noexcept;
  std::span<Slot> slots() const noexcept;
  std::span<Row> table(bool second) const noexcept;
  std::optional<std::string> why_foreign() const;
  void start_afresh();
  Commit load_commit() const noexcept;
  void store_commit(const Commit& commit) noexcept;
  std::vector<JournalledRange> left_in_flight() const;
  bool load_suspects();
  void blame(const std::vector<JournalledRange>& in_flight);
  void save_suspects(std::uint32_t life);
  void free_slot(JournalSlot slot) noexcept;

  std::span<std::byte> memory_;
  CrashJournalCapacity capacity_;
  std::uint64_t owner_hash_;
  CrashSuspects suspects_;
  Commit commit_;
  std::vector<JournalSlot> free_slots_;
  bool open_ = false;
  std::uint64_t unwatched_ = 0;
  std::uint64_t dropped_suspects_ = 0;
};

} // namespace millrace::logic
