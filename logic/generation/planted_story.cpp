#include "logic/generation/planted_story.hpp"

#include <numeric>

namespace millrace::logic::generation {

std::string_view to_string(StoryKind kind) noexcept {
  switch (kind) {
    case StoryKind::traveller:
      return "traveller";
    case StoryKind::burst:
      return "burst";
    case StoryKind::odd_device:
      return "odd_device";
    case StoryKind::brute_force:
      return "brute_force";
    case StoryKind::break_in:
      return "break_in";
    case StoryKind::password_spray:
      return "password_spray";
    case StoryKind::new_country:
      return "new_country";
    case StoryKind::holiday:
      return "holiday";
    case StoryKind::forgotten_password:
      return "forgotten_password";
    case StoryKind::home_device:
      return "home_device";
  }
  return "unknown";
}

std::optional<Rule> expected_rule(StoryKind kind) noexcept {
  switch (kind) {
    case StoryKind::traveller:
      return Rule::impossible_travel;
    case StoryKind::burst:
      return Rule::velocity;
    case StoryKind::odd_device:
      return Rule::new_device;
    case StoryKind::brute_force:
      return Rule::brute_force;
    case StoryKind::break_in:
      return Rule::brute_force_success;
    case StoryKind::password_spray:
      return Rule::password_spray;
    case StoryKind::new_country:
      return Rule::new_country;
    case StoryKind::holiday:
    case StoryKind::forgotten_password:
    case StoryKind::home_device:
      break;
  }
  return std::nullopt;
}

bool has_failures(StoryKind kind) noexcept {
  return kind == StoryKind::brute_force || kind == StoryKind::break_in
         || kind == StoryKind::password_spray
         || kind == StoryKind::forgotten_password;
}

std::size_t records_of(StoryKind kind) noexcept {
  switch (kind) {
    case StoryKind::brute_force:
    case StoryKind::break_in:
      return history_logins + brute_force_logins + 1;
    case StoryKind::password_spray:
      return spray_logins;
    default:
      return records_per_story;
  }
}

std::size_t StoryCounts::total() const noexcept {
  const auto counts = by_kind();
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

std::size_t StoryCounts::records() const noexcept {
  const auto counts = by_kind();
  std::size_t records = 0;
  for (std::size_t kind = 0; kind != counts.size(); ++kind)
    records += counts[kind] * records_of(static_cast<StoryKind>(kind));
  return records;
}

bool StoryCounts::has_failures() const noexcept {
  const auto counts = by_kind();
  for (std::size_t kind = 0; kind != counts.size(); ++kind)
    if (counts[kind] != 0
        && generation::has_failures(static_cast<StoryKind>(kind)))
      return true;
  return false;
}

} // namespace millrace::logic::generation
