#define CAF_SUITE documented_tree

#include "caf/test/dsl.hpp"

#include "logic/core/actor_table.hpp"

#include <algorithm>
#include <array>
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

/// The names of every tree drawn in the document.
std::vector<std::vector<std::string>> trees_in(const std::string& document) {
  std::ifstream file{std::string{MILLRACE_SOURCE_DIR} + "/docs/" + document};
  std::vector<std::vector<std::string>> trees;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("node  ")) {
      trees.emplace_back();
      inside = true;
    } else if (line.starts_with("```")) {
      inside = false;
    }
    if (!inside)
      continue;
    auto name = name_in(line);
    if (name != "background" && !name.starts_with("geoip_reload"))
      trees.back().push_back(std::move(name));
  }
  return trees;
}

} // namespace

CAF_TEST(every_drawn_supervision_tree_is_the_one_that_is_built) {
  for (const auto* document :
       {"ARCHITECTURE.md", "operations.md", "fault-injection.md"}) {
    const auto trees = trees_in(document);
    CAF_MESSAGE(document);
    CAF_CHECK_EQUAL(trees.size(), 1u);
    for (const auto& drawn : trees)
      CAF_CHECK_EQUAL(drawn, tree());
  }
}
