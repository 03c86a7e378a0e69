#pragma once

#include "logic/detection/address_state.hpp"
#include "logic/detection/applied_offsets.hpp"
#include "logic/detection/user_state.hpp"

#include <cstddef>

namespace millrace::logic::detection {

/// What is known of the users and addresses of one shard, and which records it
/// was learnt from. Not thread-safe: one owner.
struct ShardState {
  ShardState(std::size_t max_users, std::size_t max_addresses)
    : users(max_users), addresses(max_addresses) {}

  UserTable users;
  AddressTable addresses;
  AppliedOffsets applied;
};

} // namespace millrace::logic::detection
