#pragma once

#include "adapters/kafka/state_topic_record.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// Reads one shard's log from its beginning to this node's own claim, and says
/// what of it counts: the rules of decision 17, without Kafka. One thread.
///
/// A claim's offset plus one is the generation of who wrote it. A claim counts
/// if the group gave the partition out later than to whom it follows, or if it
/// knows of that one. Behind a claim that counts, only its own records do.
class StateTopicLog {
public:
  /// `own` is the generation of this node's claim.
  explicit StateTopicLog(StateGeneration own) : own_(own) {}

  enum class Found : std::uint8_t {
    nothing, ///< of interest to the owner of the state
    state, ///< a record to hand out
    own_claim, ///< the end: this node owns the shard
    outdone, ///< the end: somebody with a later claim does, or did
  };

  /// The records in the order of the log.
  Found take(const StateTopicMessage& message);

  /// The newest owner before this node, 0 where there was none.
  StateGeneration newest() const noexcept {
    return current_ ? current_->generation : 0;
  }

  /// After `own_claim`: what the keys of this node's records begin with. That
  /// of the former owner if it gave the shard back, since then nobody else
  /// writes under it any more; else a new one.
  StateGeneration base() const noexcept { return base_; }

  struct Entry {
    StateGeneration base = 0;
    std::int64_t offset = 0;
  };

  /// After `own_claim`: what lies under another base, by key. Whoever may
  /// still write there could displace it when the log is compacted.
  std::map<std::string, Entry> take_foreign_entries();

  /// After `own_claim`: whole keys in the log that nobody needs any more, to be
  /// deleted in this order.
  std::vector<std::string> take_superseded();

  /// Records of former owners that did not know.
  std::uint64_t stale() const noexcept { return stale_; }
  /// Records that are not of this kind at all.
  std::uint64_t foreign() const noexcept { return foreign_; }

private:
  struct Owner {
    StateGeneration generation = 0;
    std::int64_t group_generation = 0;
    /// Known when it has given the shard back.
    std::optional<StateGeneration> released_base;
  };

  Found take_claim(const StateTopicMessage& message);
  void take_release(const StateTopicMessage& message);
  Found take_state(const StateTopicMessage& message, const StateTopicKey& key);
  void choose_base();

  StateGeneration own_;
  StateGeneration base_ = 0;
  std::optional<Owner> current_;
  std::map<std::string, Entry> entries_;
  std::set<std::string> superseded_;
  std::vector<std::string> claims_;
  std::uint64_t stale_ = 0;
  std::uint64_t foreign_ = 0;
};

} // namespace millrace::adapters::kafka
