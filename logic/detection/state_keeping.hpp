#pragma once

#include "logic/detection/detection_config.hpp"
#include "logic/detection/shard_owners.hpp"
#include "logic/detection/shard_state.hpp"
#include "logic/detection/snapshot_reader.hpp"
#include "logic/detection/snapshot_writer.hpp"
#include "logic/detection/state_store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace millrace::logic::detection {

/// What a detector gets to host a shard; it takes the content.
struct ShardHandover {
  std::unique_ptr<ShardState> state; ///< null once it was taken
  std::optional<SnapshotWriter> writer;
};

/// What is to be done next.
struct StateOrders {
  struct Host {
    std::uint32_t shard = 0;
    std::shared_ptr<ShardHandover> handover;
  };
  struct Save {
    std::uint32_t shard = 0;
    /// Another node, or the next life of this one, will own it. What is applied
    /// after it that owner must be told otherwise.
    bool last = false;
  };
  struct Settle {
    std::uint32_t shard = 0;
    std::uint64_t attempt = 0;
    bool saved = false;
  };
  struct Append {
    std::uint32_t shard = 0;
    std::uint64_t number = 0; ///< of the attempt
    std::vector<StateRecord> records;
  };

  // To the detectors.
  std::vector<Host> host;
  std::vector<Save> save;
  std::vector<Settle> settle;
  std::vector<std::uint32_t> give_up; ///< shards
  // To the store.
  std::vector<Append> append;
  std::vector<std::uint32_t> release; ///< shards
};

struct RestoredShard {
  std::uint32_t shard = 0;
  RestoreReport report;
};

/// Decides what becomes of the shards that a store assigns and revokes: puts
/// them together from their logs, has detectors host them, has what changed
/// saved in turn, and gives them up with a last snapshot. Until the next owner
/// is there a detector goes on answering for a shard that was given up.
/// Detectors may die at any moment: what was not answered is asked again. Not
/// thread-safe.
class StateKeeping {
public:
  using Time = std::chrono::steady_clock::time_point;

  /// While more than that is on its way to the store, no more is asked for.
  static constexpr std::size_t max_unsaved_bytes = std::size_t{16} << 20;

  /// So long an owner that gave a shard up answers for it at the most.
  static constexpr std::chrono::seconds max_farewell{10};

  struct Options {
    DetectionConfig config;
    bool saves = true; ///< false: the store keeps nothing
  };

  explicit StateKeeping(Options options) : options_(std::move(options)) {}

  /// Of the store. `StateStoreTrouble` is no business of this.
  void take(StateStoreEvent event, Time now, StateOrders& orders);

  /// Asks for the snapshots that are due, and again for answers that did not
  /// come. To be called every `tick_interval`.
  void tick(Time now, StateOrders& orders);
  std::chrono::milliseconds tick_interval() const noexcept;

  /// A detector hosts the shard.
  void hosted(std::uint32_t number);
  /// A detector's answer to `Save`; without records where it does not host the
  /// shard.
  void answered(const StateOrders::Save& order, Snapshot snapshot,
                StateOrders& orders);
  /// What it was told last may be lost.
  void detector_replaced(std::uint32_t number, std::uint32_t detector_count,
                         StateOrders& orders);

  /// The node ends: asks for the last snapshot of all.
  void end(Time now, StateOrders& orders);
  /// And they were given up, with or without it.
  void ended(Time now);
  /// Other nodes own these by now, and are there.
  void outdone(const std::vector<std::uint32_t>& shards, StateOrders& orders);
  /// Shards that were given up and have no next owner yet.
  std::size_t orphans() const noexcept { return farewells_.size(); }
  /// How many shards are not saved to the end yet.
  std::size_t unfinished() const noexcept;

  /// Of the shards that were put together since the last call.
  std::vector<RestoredShard> take_restored() {
    return std::exchange(restored_, {});
  }

  /// Shards that detectors of this node answer for, by number.
  std::vector<OwnedShard> serving() const;

  std::size_t owned() const noexcept { return shards_.size(); }
  std::size_t loading() const noexcept;
  /// When the shard that was saved longest ago was saved; none where nothing
  /// has to be.
  std::optional<Time> oldest_save() const noexcept;

private:
  struct Shard {
    StateGeneration generation = 0;
    std::unique_ptr<SnapshotReader> reader; ///< null once it was restored
    std::shared_ptr<ShardHandover> handover; ///< null once it was taken
    Time due; ///< when to ask for a snapshot
    Time saved; ///< when the last one was safe
    std::optional<std::uint64_t> appending; ///< the attempt
    bool appending_last = false;
    std::size_t bytes = 0; ///< of that attempt
    bool finished = false; ///< the last one was saved
    bool revoked = false;
  };

  void on(ShardAssigned& event, Time now, StateOrders& orders);
  void on(ShardRecords& event, Time now, StateOrders& orders);
  void on(ShardLoaded& event, Time now, StateOrders& orders);
  void on(ShardRevoked& event, Time now, StateOrders& orders);
  void on(StateAppended& event, Time now, StateOrders& orders);
  void on(StateStoreTrouble&, Time, StateOrders&) {}

  /// A shard that was given up: its state answers still.
  struct Farewell {
    StateGeneration generation = 0;
    Time until;
  };

  Shard* find(std::uint32_t shard) noexcept;
  void hand_over(std::uint32_t number, Time now, StateOrders& orders);
  void let_go(std::uint32_t number, StateOrders& orders);
  void ask(std::uint32_t number, Shard& shard, Time now, StateOrders& orders);
  bool is_finished(const Shard& shard) const noexcept;

  Options options_;
  std::map<std::uint32_t, Shard> shards_;
  std::map<std::uint32_t, Farewell> farewells_;
  bool ending_ = false;
  std::size_t unsaved_bytes_ = 0;
  std::vector<RestoredShard> restored_;
};

} // namespace millrace::logic::detection
