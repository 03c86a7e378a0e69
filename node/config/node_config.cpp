#include "node/config/node_config.hpp"

#include "adapters/kafka/topic_name.hpp"

#include <algorithm>
#include <concepts>
#include <iterator>
#include <utility>

namespace millrace::node {

namespace {

/// What waits for company must not miss the end of the node, or of holding a
/// partition.
void check_linger(const NodeConfig& config, std::vector<logic::Error>& faults) {
  const auto& delivery = config.delivery;
  if (config.kafka.linger
      >= std::min(delivery.shutdown_deadline, delivery.revoke_deadline))
    faults.push_back({logic::ErrorCode::invalid_config,
                      "kafka.linger must be below delivery.shutdown_deadline "
                      "and delivery.revoke_deadline, or what is in flight "
                      "cannot be finished in time"});
}

/// Linked nodes divide the users among them: by the group of the state topic.
void check_links(const NodeConfig& config, std::vector<logic::Error>& faults) {
  if (config.node.is_worker() && !config.link.enabled)
    faults.push_back({logic::ErrorCode::invalid_config,
                      "node.role: a worker gets its work over links; set "
                      "link.enabled and link.peers"});
  if (config.node.is_worker() && !config.delivery.crash_journal.empty())
    faults.push_back({logic::ErrorCode::invalid_config,
                      "delivery.crash_journal: a worker (node.role) has none; "
                      "set it where the input is read"});
  if (config.link.enabled && config.detection.enabled
      && config.detection.state == "file")
    faults.push_back({logic::ErrorCode::invalid_config,
                      "link.enabled needs detection.state: topic, which says "
                      "which node owns which users; `file` is for one node "
                      "alone"});
}

/// The group goes by names that must last, and that Kafka takes.
void check_membership(const NodeConfig& config,
                      std::vector<logic::Error>& faults) {
  if (!config.kafka.static_membership || config.node.is_worker())
    return;
  if (config.node.name.empty())
    faults.push_back({logic::ErrorCode::invalid_config,
                      "kafka.static_membership needs a node.name that stays "
                      "the same over restarts and that no other node of the "
                      "group has, as the host's may not: set it, such as to "
                      "the pod's or the machine's name"});
  else if (!adapters::kafka::is_topic_name(config.node.name))
    faults.push_back({logic::ErrorCode::invalid_config,
                      "node.name \"" + config.node.name
                        + "\" is none for kafka.static_membership: at most 249 "
                          "of letters, digits, '.', '_' and '-'"});
}

/// A component may bring a check of what no single setting shows.
template <class Component>
concept Checked = requires(const Component& component) {
  { check(component) } -> std::same_as<std::vector<logic::Error>>;
};

} // namespace

std::string_view state_place(const NodeConfig& config) {
  if (!config.detection.enabled || config.node.is_worker())
    return "memory";
  if (config.link.enabled)
    return "topic";
  return config.detection.state;
}

void describe(logic::SettingVisitor& visitor, NodeConfig& config) {
  NodeConfig::for_each_component(
    config, [&](auto& component) { describe(visitor, component); });
}

std::vector<logic::Error> check(const NodeConfig& config) {
  std::vector<logic::Error> faults;
  NodeConfig::for_each_component(
    config, [&]<class Component>(const Component& component) {
      if constexpr (Checked<Component>) {
        auto found = check(component);
        std::move(found.begin(), found.end(), std::back_inserter(faults));
      }
    });
  check_linger(config, faults);
  check_links(config, faults);
  check_membership(config, faults);
  std::ranges::move(check(config.detection.outcome),
                    std::back_inserter(faults));
  auto found = check_brokers(config.fault_injection,
                             config.kafka.bootstrap_servers);
  std::move(found.begin(), found.end(), std::back_inserter(faults));
  return faults;
}

} // namespace millrace::node
