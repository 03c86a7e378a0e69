#define CAF_SUITE documented_tree

#include "caf/test/dsl.hpp"

#include "logic/core/actor_table.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

using namespace millrace::logic;

namespace {

/// The supervision tree as groups and actors by name, from top to bottom, for
/// one lane and one shard.
std::vector<std::string> tree() {
  std::vector<std::string> names{"node"};
  for (const auto& group : group_table) {
    if (group.group == ActorGroup::background)
      continue;
    names.emplace_back(group.name);
    auto kinds = actor_table;
    if (group.last_first)
      std::ranges::reverse(kinds);
    for (const auto& traits : kinds)
      if (traits.group == group.group)
        names.emplace_back(traits.name);
  }
  return names;
}

/// The name in a line of a drawing, without numbers.
std::string name_in(std::string_view line) {
  const auto begin = line.find_first_of("abcdefghijklmnopqrstuvwxyz");
  if (begin == std::string_view::npos)
    return {};
  line.remove_prefix(begin);
  return std::string{line.substr(0, line.find_first_of(" ,"))};
}

/// The names in the tree that the document draws.
std::vector<std::string> drawn_tree() {
  std::ifstream file{std::string{MILLRACE_SOURCE_DIR}
                     + "/docs/ARCHITECTURE.md"};
  std::vector<std::string> names;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    inside = line.starts_with("node  ") || (inside && !line.starts_with("```"));
    if (!inside)
      continue;
    auto name = name_in(line);
    if (name != "background" && name != "geoip_reload")
      names.push_back(std::move(name));
  }
  return names;
}

} // namespace

CAF_TEST(the_documented_supervision_tree_is_the_one_that_is_built) {
  CAF_CHECK_EQUAL(drawn_tree(), tree());
}
