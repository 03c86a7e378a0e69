#include "node/lifecycle/identity_config.hpp"

#include "logic/links/node_identity.hpp"
#include "node/lifecycle/host_name.hpp"

namespace millrace::node {

std::string IdentityConfig::display_name() const {
  return name.empty() ? host_name() : name;
}

void describe(logic::SettingVisitor& visitor, IdentityConfig& config) {
  visitor.section("node", "Who this node is among those of its group.");
  visitor.setting({.name = "name",
                   .help = "Name of this node in the status, in logs of the "
                           "others and in dead letters; it should stay the "
                           "same over restarts. Empty: the host's."},
                  &config.name);
  visitor.setting({.name = "role",
                   .help = "What this node does: all reads, computes and "
                           "writes. ingest and worker are not available yet.",
                   .choices = {"all", "ingest", "worker"}},
                  &config.role);
}

std::vector<logic::Error> check(const IdentityConfig& config) {
  std::vector<logic::Error> faults;
  if (config.name.size() > logic::links::max_identity_text)
    faults.push_back(
      {logic::ErrorCode::invalid_config, "node.name: longer than 256 bytes"});
  if (config.role != "all")
    faults.push_back({logic::ErrorCode::invalid_config,
                      "node.role: " + config.role
                        + " is not available in this release; leave it at "
                          "all"});
  return faults;
}

} // namespace millrace::node
