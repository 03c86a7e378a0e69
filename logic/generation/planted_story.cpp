#include "logic/generation/planted_story.hpp"

namespace millrace::logic::generation {

std::string_view to_string(StoryKind kind) noexcept {
  switch (kind) {
    case StoryKind::traveller:
      return "traveller";
    case StoryKind::burst:
      return "burst";
    case StoryKind::odd_device:
      return "odd_device";
  }
  return "unknown";
}

Rule expected_rule(StoryKind kind) noexcept {
  switch (kind) {
    case StoryKind::traveller:
      return Rule::impossible_travel;
    case StoryKind::burst:
      return Rule::velocity;
    case StoryKind::odd_device:
      return Rule::new_device;
  }
  return Rule::forest;
}

} // namespace millrace::logic::generation
