#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::logic::detection {

/// What is remembered of one user: one cache line. Times are event times.
struct alignas(64) UserState {
  static constexpr std::size_t max_devices = 4;
  static constexpr std::size_t window_slots = 8;

  std::uint64_t user_hash = 0;
  std::int64_t last_seen_ms = -1; ///< since 1970; -1: no login told its time
  float latitude = 0.0F; ///< degrees
  float longitude = 0.0F; ///< degrees
  /// Seconds since 1970 of the last login with coordinates; 0: none had any.
  std::uint32_t located_at_s = 0;
  std::array<std::uint32_t, max_devices> devices{}; ///< hashes, newest first
  /// Number of the newest slot counted, in eighths of the velocity window.
  std::uint32_t slot = 0;
  /// Logins of the last eight slots, at slot number modulo 8; saturating.
  std::array<std::uint8_t, window_slots> slot_logins{};
  std::uint16_t logins = 0; ///< saturating
  std::uint16_t country = 0; ///< two letters, 0 where unknown
  std::uint8_t device_count = 0;
  std::uint8_t failures = 0; ///< in a row, saturating
};

static_assert(sizeof(UserState) == 64);

/// Users of one shard in a table of fixed size: sets of eight, chosen by the
/// user's hash; within a set the least recently seen user makes room. All
/// memory is taken when built (72 bytes a user) and none later, so nothing
/// is ever rehashed. Not thread-safe.
class UserTable {
public:
  static constexpr std::size_t ways = 8;

  /// Room for `max_users`, rounded up to whole sets.
  explicit UserTable(std::size_t max_users);

  /// The user's state; null where unknown. Does not count as seen.
  const UserState* find(std::uint64_t user_hash) const noexcept;

  /// The user's state, marked as just seen; where unknown a fresh one
  /// (`logins == 0`), in place of the set's least recently seen if full.
  UserState& touch(std::uint64_t user_hash) noexcept;

  /// Asks for the cache lines that `find` or `touch` will read.
  void prefetch_set(std::uint64_t user_hash) const noexcept;
  void prefetch_user(std::uint64_t user_hash) const noexcept;

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return states_.size(); }
  std::uint64_t evictions() const noexcept { return evictions_; }

private:
  /// Tags of a set and when each was last seen, as a count of touches.
  struct alignas(64) Set {
    std::array<std::uint32_t, ways> tags{}; ///< 0: free
    std::array<std::uint32_t, ways> seen{};
  };

  std::size_t set_of(std::uint64_t user_hash) const noexcept;
  std::size_t way_of(std::size_t set, std::uint64_t user_hash) const noexcept;
  std::size_t room_in(std::size_t set) noexcept;

  std::vector<Set> sets_;
  std::vector<UserState> states_;
  std::uint32_t touches_ = 0;
  std::size_t size_ = 0;
  std::uint64_t evictions_ = 0;
};

} // namespace millrace::logic::detection
