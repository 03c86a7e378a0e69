#include "logic/detection/user_state.hpp"

#include <algorithm>

namespace millrace::logic::detection {

namespace {

/// The half of the hash that names the user within a set; never 0. The other
/// half chooses the set, after the shard took from it.
std::uint32_t tag_of(std::uint64_t user_hash) noexcept {
  const auto tag = static_cast<std::uint32_t>(user_hash);
  return tag == 0 ? 1 : tag;
}

} // namespace

UserTable::UserTable(std::size_t max_users)
  : sets_(std::max<std::size_t>(1, (max_users + ways - 1) / ways)),
    states_(sets_.size() * ways) {}

std::size_t UserTable::set_of(std::uint64_t user_hash) const noexcept {
  // The shard is the top of the hash's upper half: within a shard those bits
  // are alike, so they are mixed with the lower half before they choose.
  const auto mixed = (user_hash * 0x9E3779B97F4A7C15U) >> 32;
  return static_cast<std::size_t>((mixed * sets_.size()) >> 32);
}

std::size_t UserTable::way_of(std::size_t set,
                              std::uint64_t user_hash) const noexcept {
  const auto& tags = sets_[set].tags;
  const auto tag = tag_of(user_hash);
  for (std::size_t way = 0; way != ways; ++way)
    if (tags[way] == tag && states_[set * ways + way].user_hash == user_hash)
      return way;
  return ways;
}

std::size_t UserTable::room_in(std::size_t set) noexcept {
  const auto& [tags, seen] = sets_[set];
  std::size_t oldest = 0;
  for (std::size_t way = 0; way != ways; ++way) {
    if (tags[way] == 0) {
      ++size_;
      return way;
    }
    // Ages, not stamps, so that the count may wrap.
    if (touches_ - seen[way] > touches_ - seen[oldest])
      oldest = way;
  }
  ++evictions_;
  return oldest;
}

const UserState* UserTable::find(std::uint64_t user_hash) const noexcept {
  const auto set = set_of(user_hash);
  const auto way = way_of(set, user_hash);
  return way == ways ? nullptr : &states_[set * ways + way];
}

UserState& UserTable::touch(std::uint64_t user_hash) noexcept {
  const auto set = set_of(user_hash);
  auto way = way_of(set, user_hash);
  ++touches_;
  if (way == ways) {
    way = room_in(set);
    sets_[set].tags[way] = tag_of(user_hash);
    auto& fresh = states_[set * ways + way];
    fresh = UserState{};
    fresh.user_hash = user_hash;
  }
  sets_[set].seen[way] = touches_;
  return states_[set * ways + way];
}

void UserTable::prefetch_set(std::uint64_t user_hash) const noexcept {
  __builtin_prefetch(&sets_[set_of(user_hash)], 1);
}

void UserTable::prefetch_user(std::uint64_t user_hash) const noexcept {
  // Where the user is, or where it will be put.
  const auto set = set_of(user_hash);
  const auto& [tags, seen] = sets_[set];
  const auto tag = tag_of(user_hash);
  std::size_t likely = 0;
  for (std::size_t way = 0; way != ways; ++way) {
    if (tags[way] == tag) {
      likely = way;
      break;
    }
    if (touches_ - seen[way] > touches_ - seen[likely])
      likely = way;
  }
  __builtin_prefetch(&states_[set * ways + likely], 1);
}

} // namespace millrace::logic::detection
