#pragma once

#include "logic/links/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::links {

/// What nodes say to each other, and how: raised when an older node would
/// misunderstand it.
inline constexpr std::uint16_t link_protocol = 2;

/// Limits of what a node may say of itself.
inline constexpr std::size_t max_identity_text = 256; ///< bytes of any text
inline constexpr std::size_t max_identity_settings = 128;

/// What a node does. Numbers travel: append only.
enum class NodeRole : std::uint8_t {
  all = 0, ///< reads, computes and writes
  ingest = 1, ///< computes only while no worker is linked
  worker = 2, ///< computes only
};

/// "all", "ingest", "worker"; of a later version's number "unknown".
std::string_view to_string(NodeRole role) noexcept;

/// The role of that name.
std::optional<NodeRole> parse_node_role(std::string_view text) noexcept;

/// Whether the setting of that name decides only about what lanes write: it
/// matters where a worker writes it for another node.
constexpr bool is_of_lanes(std::string_view setting) noexcept {
  return setting.starts_with("output.")
         || setting == "insights.watched_versions";
}

/// Settings on which all nodes of a group must agree, as a digest: a
/// difference would give other findings, or none.
struct SettingsDigest {
  std::string name; ///< of the setting or the section
  std::uint64_t digest = 0;

  friend bool operator==(const SettingsDigest&, const SettingsDigest&)
    = default;
};

/// What a node says of itself in its first message.
struct NodeIdentity {
  std::uint16_t protocol = link_protocol;
  std::string cluster; ///< the consumer group
  std::uint64_t topics = 0; ///< digest of the topics' names
  std::string name;
  std::uint64_t incarnation = 0; ///< drawn at each start of its links
  NodeRole role = NodeRole::all;
  std::string version;
  std::vector<SettingsDigest> settings; ///< by name, in any order
  std::uint32_t capacity = 0; ///< lanes
  std::string advertised; ///< "host:port" where others reach it; may be empty
};

/// Why the two may not link: the first difference that matters, or nothing.
/// Of the version the last number may differ; to a worker the topics do not
/// matter. The text names both values and whose they are.
std::optional<Refusal> refusal_of(const NodeIdentity& mine,
                                  const NodeIdentity& theirs);

} // namespace millrace::logic::links
