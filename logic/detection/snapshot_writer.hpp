#pragma once

#include "logic/detection/shard_state.hpp"
#include "logic/detection/state_codec.hpp"
#include "logic/detection/table_snapshots.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::logic::detection {

/// Turns the state of a shard into records, snapshot after snapshot: the first
/// one of an owner holds everything, each further one what has changed since
/// the last that was saved. One at a time is under way. Not thread-safe.
class SnapshotWriter {
public:
  struct Options {
    StateShape shape;
    StateGeneration generation = 1; ///< above all that are in the log
    /// Of former owners, to be deleted once a snapshot is safe that does not
    /// need them.
    std::vector<std::string> former_keys;
  };

  explicit SnapshotWriter(Options options) : options_(std::move(options)) {}

  /// `last`: nothing will be applied after it.
  Snapshot take(const ShardState& state, std::int64_t now_ms,
                bool last = false);

  bool under_way() const noexcept { return under_way_; }

  /// The one that is under way is safe.
  void saved() noexcept;
  /// It is not; the next one holds what it held.
  void failed() noexcept { under_way_ = false; }

  /// One of both, if that attempt is still the one that is under way.
  void settle(std::uint64_t attempt, bool succeeded) noexcept;

  StateGeneration generation() const noexcept { return options_.generation; }

private:
  void append_closing_to(Snapshot& snapshot, const StateHead& head,
                         const ShardState& state, std::int64_t now_ms,
                         bool last) const;

  Options options_;
  TableSnapshots<UserState> users_;
  TableSnapshots<AddressState> addresses_;
  std::uint64_t saved_number_ = 0; ///< 0: none
  std::uint64_t attempts_ = 0;
  bool under_way_ = false;
  bool deleting_ = false; ///< the one under way deletes the former keys
};

} // namespace millrace::logic::detection
