#pragma once

#include "logic/detection/address_state.hpp"
#include "logic/detection/applied_offsets.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/user_state.hpp"

#include <cstddef>
#include <memory>

namespace millrace::logic::detection {

/// What is known of the users and addresses of one shard, and which records it
/// was learnt from. Not thread-safe: one owner.
struct ShardState {
  ShardState(std::size_t max_users, std::size_t max_addresses)
    : users(max_users), addresses(max_addresses) {}

  UserTable users;
  AddressTable addresses;
  AppliedOffsets applied;
  /// The last snapshot was taken, and the next owner gets it. Until that one is
  /// there this state goes on being asked.
  bool handed_over = false;
};

/// One of which nothing is known yet, with its share of the room.
inline std::unique_ptr<ShardState> empty_shard(const DetectionConfig& config) {
  const auto share = [&config](std::int64_t total) {
    return static_cast<std::size_t>((total + config.shards - 1)
                                    / config.shards);
  };
  return std::make_unique<ShardState>(share(config.max_users),
                                      share(config.max_addresses));
}

} // namespace millrace::logic::detection
