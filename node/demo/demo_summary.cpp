#include "node/demo/demo_summary.hpp"

#include <string>
#include <string_view>

namespace millrace::node::demo {

namespace {

/// Garbage must not garble the terminal.
std::string printable(std::string_view text) {
  constexpr std::size_t limit = 100;
  std::string result;
  for (const char letter : text.substr(0, limit))
    result.push_back(letter >= ' ' && letter <= '~' ? letter : '?');
  if (text.size() > limit)
    result += "...";
  return result;
}

} // namespace

void print_examples(std::ostream& out, const OutputWatch& watch) {
  out << "\nThree of the outputs\n";
  for (const auto& value : watch.example_outputs())
    out << "  " << value << '\n';
  out << "\nThree of the dead letters\n";
  for (const auto& dead : watch.example_dead_letters())
    out << "  " << dead.reason << " (" << dead.detail << ")\n    "
        << printable(dead.value) << '\n';
}

std::size_t
print_stories(std::ostream& out, const OutputWatch& watch,
              std::span<const logic::generation::PlantedStory> stories) {
  std::size_t found = 0;
  out << "\nPlanted among the events, and what the detector made of it\n";
  for (const auto& story : stories) {
    const auto expected = expected_rule(story.kind);
    if (!expected)
      continue;
    const auto rule = to_string(*expected);
    const bool hit = watch.fired(story.user_id, rule);
    found += hit ? 1 : 0;
    out << "  " << (hit ? "found   " : "MISSED  ") << to_string(story.kind)
        << " of user " << story.user_id.substr(0, 8) << "...  (" << rule
        << ")\n";
  }
  return found;
}

} // namespace millrace::node::demo
