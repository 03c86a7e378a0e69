#include "node/links/settings_digest.hpp"

#include "node/config/setting_table.hpp"
#include "node/config/setting_value.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::node {

namespace {

/// Settings of those sections that may differ: where something is on this
/// machine, how much of it there may be, how long this node waits.
constexpr std::array<std::string_view, 5> own_settings{
  "detection.model_file", "detection.quiet_networks", "detection.state_path",
  "detection.snapshot_interval", "detection.wait"};

std::uint64_t digest_of(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

} // namespace

std::vector<logic::links::SettingsDigest>
settings_digests(const NodeConfig& config,
                 const std::vector<std::string>& geoip_files) {
  auto copy = config; // the table points into what it describes
  std::vector<logic::links::SettingsDigest> digests;
  const SettingTable table{copy};
  for (const auto& declaration : table.declarations()) {
    const auto key = declaration.key();
    if (declaration.section != "detection"
        && declaration.section != "validation"
        && !logic::links::is_of_lanes(key))
      continue;
    if (std::ranges::find(own_settings, key) == own_settings.end())
      digests.push_back({key, digest_of(render_value(declaration.target))});
  }
  std::string files;
  for (const auto& file : geoip_files)
    files.append(file).append("\n");
  digests.push_back({"geoip.files", digest_of(files)});
  return digests;
}

std::uint64_t topics_digest(const NodeConfig& config) {
  const auto& kafka = config.kafka;
  return digest_of(kafka.input_topic + '\n' + kafka.output_topic + '\n'
                   + kafka.dlq_topic + '\n' + kafka.insights_topic);
}

} // namespace millrace::node
