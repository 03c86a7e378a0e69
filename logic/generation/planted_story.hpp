#pragma once

#include "logic/records/judgement.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::generation {

/// Something odd that the generator tells on purpose.
enum class StoryKind : std::uint8_t {
  traveller, ///< one user in two far cities within an hour
  burst, ///< many logins of one user within a minute
  odd_device, ///< an established user on a device never seen before
};

/// "traveller", "burst", "odd_device".
std::string_view to_string(StoryKind kind) noexcept;

/// The rule that ought to fire on a story.
Rule expected_rule(StoryKind kind) noexcept;

/// How many stories of each kind.
struct StoryCounts {
  std::size_t travellers = 0;
  std::size_t bursts = 0;
  std::size_t odd_devices = 0;

  std::size_t total() const noexcept {
    return travellers + bursts + odd_devices;
  }
};

/// Records that a story takes, the user's ordinary past included.
inline constexpr std::size_t history_logins = 20;
inline constexpr std::size_t burst_logins = 30;
inline constexpr std::size_t records_per_story = history_logins + burst_logins;

/// Ground truth: a story as it stands in the stream. The user occurs nowhere
/// else but in an ordinary past of `history_logins` logins before it.
struct PlantedStory {
  StoryKind kind = StoryKind::traveller;
  std::string user_id;
  /// Numbers of the records that tell it, rising: of a traveller the login
  /// at home and the one far away, of a burst all, of an odd device one.
  std::vector<std::uint64_t> records;
};

} // namespace millrace::logic::generation
