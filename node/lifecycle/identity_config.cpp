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
                   .help = "What this node does. all: reads, computes and "
                           "writes, and has linked workers help. ingest: the "
                           "same, but computes only while no worker is "
                           "linked. worker: computes for the nodes that it "
                           "is linked with, and needs no Kafka.",
                   .choices = {"all", "ingest", "worker"}},
                  &config.role);
}

std::vector<logic::Error> check(const IdentityConfig& config) {
  std::vector<logic::Error> faults;
  if (config.name.size() > logic::links::max_identity_text)
    faults.push_back(
      {logic::ErrorCode::invalid_config, "node.name: longer than 256 bytes"});
  return faults;
}

} // namespace millrace::node
