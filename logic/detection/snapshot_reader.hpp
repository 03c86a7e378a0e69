#pragma once

#include "logic/detection/shard_state.hpp"
#include "logic/detection/state_closing.hpp"
#include "logic/detection/state_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace millrace::logic::detection {

/// What became of a shard's log.
struct RestoreReport {
  bool restored = false; ///< a whole snapshot was found
  /// Its owner ended in order and nobody wrote after it: nothing is lost.
  bool orderly = false;
  std::uint64_t snapshot = 0;
  std::int64_t saved_at_ms = 0; ///< time of day
  std::int64_t newest_event_ms = -1; ///< event time; -1: none known
  std::size_t users = 0;
  std::size_t addresses = 0;
  // What should be in it and is not.
  std::size_t pages_dropped = 0; ///< their users or addresses are forgotten
  std::size_t pages_outdated = 0; ///< an older one is used instead
  std::size_t changes_dropped = 0; ///< snapshots whose rows stay older
  std::size_t rows_dropped = 0; ///< that no rule can have left behind
  // What was found and does not count.
  std::size_t torn = 0; ///< records behind the last whole snapshot
  std::size_t fenced = 0; ///< of former owners that wrote too late
  std::size_t refused = 0; ///< damaged, foreign, of another version
  /// Why, a sentence each; the first few.
  std::vector<std::string> notes;

  /// How much of what was applied may be missing, at most; 0 where no snapshot
  /// was found, as then nothing is known.
  double lost_seconds(std::int64_t now_ms) const noexcept;
};

/// Puts the state of a shard together from its log. Not thread-safe.
class SnapshotReader {
public:
  /// What it keeps of a log until it is restored, in bytes; beyond that the
  /// shard starts anew.
  static constexpr std::size_t max_held_bytes = std::size_t{1} << 30;

  explicit SnapshotReader(const StateShape& shape) : shape_(shape) {}

  /// The records of the log, from the oldest to the newest.
  void take(StateRecord record);

  /// Fills a state that is empty with what the last whole snapshot holds. The
  /// tables may have other sizes than those that were saved: then whoever was
  /// seen last is kept.
  RestoreReport restore(ShardState& into);

  /// The next owner's generation must be above it.
  StateGeneration newest_generation() const noexcept { return newest_; }

  /// All keys of the log, for the next owner to delete.
  std::vector<std::string> take_keys();

private:
  struct Held {
    std::string value;
    std::uint64_t checksum = 0;
    std::uint64_t snapshot = 0;
  };
  using Records = std::map<StateKey, Held>;

  void refuse(std::string why);
  void note(std::string what);
  bool fits(const StateKey& key, const StateValue& value);
  void hold(const StateKey& key, const StateValue& value, std::string bytes);
  void conclude(const StateKey& key, const StateValue& value);
  template <class Row>
  void keep(const TableContent& content, Records& kept);
  void keep_changes(const StateKey& first, const TableContent::Changes& changes,
                    Records& kept);
  template <class Row>
  void fill(const TableContent& content, RecencyTable<Row>& table);
  template <class Row>
  std::vector<std::uint64_t> check_pages(const TableContent& content);
  template <class Row, class Put>
  void visit_saved(const TableContent& content, Put&& put);
  template <class Row>
  bool load(const char* bytes, Row& row);

  StateShape shape_;
  StateGeneration newest_ = 0;
  std::optional<StateClosing> closing_; ///< of the last whole snapshot
  StateGeneration closing_generation_ = 0;
  Records whole_; ///< what makes it up
  Records pending_; ///< what came after it
  std::size_t held_bytes_ = 0;
  bool too_large_ = false;
  std::set<StateKey> keys_;
  RestoreReport report_;
};

} // namespace millrace::logic::detection
