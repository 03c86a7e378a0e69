#pragma once

#include "logic/detection/recency_table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace millrace::logic::detection {

/// What is remembered of one user: one cache line. Times are event times.
/// Failed logins move the time, their counts and nothing else.
struct alignas(64) UserState {
  static constexpr std::size_t max_devices = 4;
  static constexpr std::size_t max_countries = 4;
  static constexpr std::size_t window_slots = 8;
  static constexpr std::size_t failure_slots = 4;

  std::uint64_t user_hash = 0;
  /// Of any login, failed ones too; since 1970; -1: none told its time. The
  /// newest slot of both windows is the one that it lies in.
  std::int64_t last_seen_ms = -1;
  float latitude = 0.0F; ///< degrees
  float longitude = 0.0F; ///< degrees
  /// Seconds since 1970 of the last login with coordinates; 0: none had any.
  std::uint32_t located_at_s = 0;
  std::array<std::uint16_t, max_devices> devices{}; ///< hashes, newest first
  /// Two letters each, newest first; 0: none further.
  std::array<std::uint16_t, max_countries> countries{};
  std::uint16_t logins = 0; ///< that did not fail; saturating
  std::uint16_t address = 0; ///< hash, of the newest login; 0 where unknown
  /// Logins of the last eight slots, at slot number modulo 8; saturating.
  std::array<std::uint8_t, window_slots> slot_logins{};
  /// Failed logins of the last four quarters of the brute-force window, at
  /// the quarter's number modulo 4; saturating.
  std::array<std::uint8_t, failure_slots> slot_failures{};
  std::uint8_t device_count = 0;
  std::uint8_t failures = 0; ///< in a row, saturating
  /// A success after brute force was found and the failures still count.
  bool success_told = false;
  /// Logins in a row that were older than both windows.
  std::uint8_t late = 0;

  std::uint64_t& key() noexcept { return user_hash; }
  std::uint64_t key() const noexcept { return user_hash; }
};

static_assert(sizeof(UserState) == 64);

/// The users of one shard, 72 bytes each.
using UserTable = RecencyTable<UserState>;

} // namespace millrace::logic::detection
