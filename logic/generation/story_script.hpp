#pragma once

#include "logic/generation/event_text.hpp"
#include "logic/generation/planted_story.hpp"
#include "logic/generation/random_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace millrace::logic::generation {

/// Somebody who comes back: always from home, on the same device.
struct ReturningUser {
  Uuid user_id;
  Uuid device_id;
  std::uint32_t city = 0; ///< index into `geo::demo_cities()`
  std::uint8_t locale = 0; ///< index into `state_codes`
  std::uint8_t device_type = 0; ///< index into `device_types`
};

ReturningUser make_returning_user(RandomStream& random);

/// A login that the script demands at a given place in the stream.
struct ScriptedLogin {
  static constexpr std::int64_t unlimited
    = std::numeric_limits<std::int64_t>::max();

  std::uint64_t number = 0; ///< of the record
  std::uint32_t story = 0; ///< index into `StoryScript::stories` and `users`
  std::uint32_t city = 0;
  bool odd_device = false;
  bool failed = false;
  /// Tries somebody of the population, always from the same address.
  bool sprays = false;
  bool in_story = false; ///< not of the ordinary past
  bool opens_story = false; ///< the story's first record
  /// Event time is the stream's, but at most so long after the record that
  /// opens the story.
  std::int64_t latest_after_opening_ms = unlimited;
};

/// All planted stories of a stream.
struct StoryScript {
  std::vector<ScriptedLogin> logins; ///< by number, no number twice
  std::vector<PlantedStory> stories; ///< by first record
  std::vector<ReturningUser> users; ///< `users[i]` lives `stories[i]`
  std::vector<Uuid> odd_devices; ///< `odd_devices[i]` for `stories[i]`
};

struct StoryScriptConfig {
  StoryCounts counts;
  /// At least `records_per_story` for each story.
  std::uint64_t horizon = 0;
  std::int64_t event_interval_us = 0;
};

/// Spreads the users' ordinary past over the first part of the horizon and
/// the stories over its last two fifths.
StoryScript write_script(const StoryScriptConfig& config, RandomStream& random);

} // namespace millrace::logic::generation
