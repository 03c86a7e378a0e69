#pragma once

#include "logic/detection/recency_table.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace millrace::logic::detection {

/// How many different users there were, in 16 bytes: a bit for each, chosen by
/// hash. The bits that are set are never more than the users; from the share
/// of those that are not, their number is estimated (linear counting: Whang,
/// Vander-Zanden and Taylor, "A linear-time probabilistic counting algorithm
/// for database applications", ACM TODS 15(2), 1990), off by some 7 % up to
/// 200 users and by 20 % at 400; it ends at 621.
class UserSketch {
public:
  static constexpr std::size_t bits = 128;

  void add(std::uint64_t user_hash) noexcept {
    const auto bit = user_hash % bits;
    words_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
  /// At least so many users were added.
  std::uint32_t at_least() const noexcept {
    return static_cast<std::uint32_t>(std::popcount(words_[0])
                                      + std::popcount(words_[1]));
  }
  /// About so many were.
  std::uint32_t estimate() const noexcept;

  /// For saving.
  constexpr auto& words() noexcept { return words_; }
  constexpr const auto& words() const noexcept { return words_; }

  friend UserSketch operator|(UserSketch a, const UserSketch& b) noexcept {
    a.words_[0] |= b.words_[0];
    a.words_[1] |= b.words_[1];
    return a;
  }

private:
  std::array<std::uint64_t, bits / 64> words_{};
};

/// What is remembered of one address with failed logins, in the two halves of
/// a window: the newest and the one before it. Times are event times.
struct AddressState {
  std::uint64_t address_hash = 0;
  std::array<UserSketch, 2> failed_users{};
  std::uint32_t half = 0; ///< number of the newest half
  std::array<std::uint16_t, 2> failures{}; ///< saturating
  std::array<std::uint16_t, 2> successes{}; ///< saturating
  std::uint8_t late = 0; ///< logins in a row that were older than the window

  std::uint64_t& key() noexcept { return address_hash; }
  std::uint64_t key() const noexcept { return address_hash; }
};

static_assert(sizeof(AddressState) + 8 <= 64);

/// The addresses of one shard, 64 bytes each.
using AddressTable = RecencyTable<AddressState>;

} // namespace millrace::logic::detection
