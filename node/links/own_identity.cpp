#include "node/links/own_identity.hpp"

#include "millrace_version.hpp"
#include "node/links/settings_digest.hpp"

namespace millrace::node {

logic::links::NodeIdentity
identity_of(const NodeConfig& config,
            const std::vector<std::string>& geoip_files,
            std::uint32_t capacity) {
  logic::links::NodeIdentity self;
  self.cluster = config.kafka.consumer_group;
  self.topics = topics_digest(config);
  self.name = config.node.display_name();
  self.role = logic::links::parse_node_role(config.node.role)
                .value_or(logic::links::NodeRole::all);
  self.version = version;
  self.settings = settings_digests(config, geoip_files);
  self.capacity = capacity;
  return self;
}

} // namespace millrace::node
