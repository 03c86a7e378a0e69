#pragma once

#include "logic/detection/state_keeping.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

/// How the history of users and addresses is kept: between the state keeper and
/// the detectors. Any of these may be lost with an actor; what was not answered
/// is said again.
namespace millrace::messages {

/// Keeper to detector: host this shard from now on. Answered by `ShardHosted`.
struct HostShard {
  logic::detection::StateOrders::Host order;
};

struct ShardHosted {
  std::uint32_t shard = 0;
};

/// Keeper to detector: what has changed in the shard? Answered by
/// `ShardSnapshot`.
struct SaveShard {
  logic::detection::StateOrders::Save order;
};

struct ShardSnapshot {
  logic::detection::StateOrders::Save order;
  /// For the keeper alone, which moves from it. Without records where the
  /// shard is not here.
  std::shared_ptr<logic::detection::Snapshot> snapshot;
};

/// Keeper to detector: that snapshot is safe, or is not.
struct SettleSnapshot {
  logic::detection::StateOrders::Settle order;
};

/// Keeper to detector: somebody else owns it, and is there.
struct GiveUpShard {
  std::uint32_t shard = 0;
};

/// Node to keeper, when nothing is judged any more: save all that has changed,
/// and close the store. Answered by `StateClosed` when that is done or
/// `deadline` passed.
struct CloseState {
  std::chrono::milliseconds deadline{};
};

struct StateClosed {
  std::size_t unsaved_shards = 0; ///< 0: the next life knows what this one did
};

} // namespace millrace::messages
