#pragma once

#include "logic/records/judgement.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::generation {

/// Something odd that the generator tells on purpose: attacks first, then
/// what looks like one and is none. Names are words of truth files.
enum class StoryKind : std::uint8_t {
  traveller, ///< one user in two far cities within an hour
  burst, ///< many logins of one user within a minute
  odd_device, ///< an established user on a device never seen, away from home
  brute_force, ///< many failed logins of one user from afar
  break_in, ///< the same, and then a success
  password_spray, ///< one address fails at many users
  new_country, ///< an established user on another device in another country
  holiday, ///< innocent: days abroad on the own device, and back
  forgotten_password, ///< innocent: a few failures at home, then a success
  home_device, ///< innocent: a new device at home
};

inline constexpr std::size_t story_kind_count = 10;

/// "traveller", "burst", "odd_device", ...
std::string_view to_string(StoryKind kind) noexcept;

/// The rule that ought to fire on a story; nothing for an innocent one.
std::optional<Rule> expected_rule(StoryKind kind) noexcept;

/// Whether it is told by failed logins: the whole stream tells outcomes then.
bool has_failures(StoryKind kind) noexcept;

/// How many stories of each kind.
struct StoryCounts {
  std::size_t travellers = 0;
  std::size_t bursts = 0;
  std::size_t odd_devices = 0;
  std::size_t brute_forces = 0;
  std::size_t break_ins = 0;
  std::size_t sprays = 0;
  std::size_t new_countries = 0;
  std::size_t holidays = 0;
  std::size_t forgotten_passwords = 0;
  std::size_t home_devices = 0;

  /// By `StoryKind`.
  std::array<std::size_t, story_kind_count> by_kind() const noexcept {
    return {travellers,          bursts,      odd_devices,   brute_forces,
            break_ins,           sprays,      new_countries, holidays,
            forgotten_passwords, home_devices};
  }
  std::size_t total() const noexcept;
  /// Records that all of them take at most.
  std::size_t records() const noexcept;
  bool has_failures() const noexcept;
};

/// Records that a story takes, the user's ordinary past included.
inline constexpr std::size_t history_logins = 20;
inline constexpr std::size_t burst_logins = 30;
inline constexpr std::size_t brute_force_logins = 60;
inline constexpr std::size_t spray_logins = 200;
inline constexpr std::size_t records_per_story = history_logins + burst_logins;
std::size_t records_of(StoryKind kind) noexcept;

/// Ground truth: a story as it stands in the stream. The user occurs nowhere
/// else but in an ordinary past of `history_logins` logins before it. A spray
/// has no user: it tries those of the population.
struct PlantedStory {
  StoryKind kind = StoryKind::traveller;
  std::string user_id; ///< empty for a spray
  std::string address; ///< of a spray; empty otherwise
  /// Numbers of the records that tell it, rising: of a traveller the login
  /// at home and the one far away, of an odd device one, of others all.
  std::vector<std::uint64_t> records;
};

} // namespace millrace::logic::generation
