#include "logic/links/node_identity.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace millrace::logic::links {

namespace {

constexpr std::array<std::string_view, 3> role_names{"all", "ingest", "worker"};

/// "0.4" of "0.4.2".
std::string_view compatible_part(std::string_view version) {
  const auto first = version.find('.');
  if (first == std::string_view::npos)
    return version;
  return version.substr(0, version.find('.', first + 1));
}

std::string quoted(const std::string& text) {
  return "'" + text + "'";
}

/// "'a' on node-2 and 'b' on node-1": reads the same on both sides.
std::string both(const NodeIdentity& theirs, const std::string& their_value,
                 const NodeIdentity& mine, const std::string& my_value) {
  return quoted(their_value) + " on " + theirs.name + " and " + quoted(my_value)
         + " on " + mine.name;
}

const SettingsDigest* find(const NodeIdentity& node, std::string_view name) {
  const auto found = std::ranges::find(node.settings, name,
                                       &SettingsDigest::name);
  return found == node.settings.end() ? nullptr : &*found;
}

bool has_worker(const NodeIdentity& mine, const NodeIdentity& theirs) {
  return mine.role == NodeRole::worker || theirs.role == NodeRole::worker;
}

/// The names of what differs or is known to one of the two only.
std::string different_settings(const NodeIdentity& mine,
                               const NodeIdentity& theirs) {
  std::vector<std::string_view> names;
  const bool lanes = has_worker(mine, theirs);
  const auto compare = [&names, lanes](const NodeIdentity& of,
                                       const NodeIdentity& with) {
    for (const auto& each : of.settings) {
      if (!lanes && is_of_lanes(each.name))
        continue;
      const auto* other = find(with, each.name);
      if ((other == nullptr || other->digest != each.digest)
          && std::ranges::find(names, each.name) == names.end())
        names.push_back(each.name);
    }
  };
  compare(mine, theirs);
  compare(theirs, mine);
  std::string text;
  for (const auto name : names)
    text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

} // namespace

std::string_view to_string(NodeRole role) noexcept {
  const auto index = static_cast<std::size_t>(role);
  return index < role_names.size() ? role_names[index] : "unknown";
}

std::optional<NodeRole> parse_node_role(std::string_view text) noexcept {
  const auto* found = std::ranges::find(role_names, text);
  if (found == role_names.end())
    return std::nullopt;
  return static_cast<NodeRole>(found - role_names.begin());
}

std::optional<Refusal> refusal_of(const NodeIdentity& mine,
                                  const NodeIdentity& theirs) {
  if (mine.protocol != theirs.protocol)
    return Refusal{RefusalReason::other_protocol,
                   "the link protocol is "
                     + both(theirs, std::to_string(theirs.protocol), mine,
                            std::to_string(mine.protocol))
                     + "; bring both nodes to the same release"};
  if (mine.cluster != theirs.cluster)
    return Refusal{RefusalReason::other_cluster,
                   "kafka.consumer_group is "
                     + both(theirs, theirs.cluster, mine, mine.cluster)
                     + "; only nodes of one group link"};
  if (mine.topics != theirs.topics && !has_worker(mine, theirs))
    return Refusal{RefusalReason::other_topics,
                   theirs.name + " and " + mine.name
                     + " are in one group but have different topics; compare "
                       "the section kafka of both"};
  if (compatible_part(mine.version) != compatible_part(theirs.version))
    return Refusal{RefusalReason::other_version,
                   "the version is "
                     + both(theirs, theirs.version, mine, mine.version)
                     + "; only releases that differ in the last number link"};
  if (const auto names = different_settings(mine, theirs); !names.empty())
    return Refusal{RefusalReason::other_settings,
                   "settings that must agree differ between " + theirs.name
                     + " and " + mine.name + ": " + names
                     + "; compare `millrace check` of both"};
  return std::nullopt;
}

} // namespace millrace::logic::links
