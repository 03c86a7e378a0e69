#pragma once

#include "actors/delivery/delivery_config.hpp"
#include "actors/delivery/insights_config.hpp"
#include "actors/intake/flow_config.hpp"
#include "actors/supervision/supervision_config.hpp"
#include "adapters/geoip/geoip_config.hpp"
#include "adapters/kafka/kafka_config.hpp"
#include "adapters/links/link_config.hpp"
#include "adapters/privacy/privacy_config.hpp"
#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/encoding/encoding_config.hpp"
#include "logic/validation/validation_config.hpp"
#include "node/endpoint/http_config.hpp"
#include "node/faults/fault_injection_config.hpp"
#include "node/lifecycle/identity_config.hpp"
#include "node/telemetry/log_config.hpp"

#include <string_view>
#include <vector>

namespace millrace::node {

/// Everything that can be set, one member per component. A component's
/// defaults, documentation and bounds stand beside the component; here they
/// are only gathered.
struct NodeConfig {
  IdentityConfig node;
  adapters::kafka::KafkaConfig kafka;
  logic::ValidationConfig validation;
  adapters::geoip::GeoipConfig geoip;
  logic::detection::DetectionConfig detection;
  actors::InsightsConfig insights;
  logic::EncodingConfig encoding;
  actors::FlowConfig flow;
  actors::DeliveryConfig delivery;
  actors::SupervisionConfig supervision;
  adapters::links::LinkConfig link;
  HttpConfig http;
  LogConfig log;
  adapters::privacy::PrivacyConfig privacy;
  FaultInjectionConfig fault_injection;

  /// Calls `visit` with each component of a (constant or other) configuration.
  template <class Config, class Visit>
  static void for_each_component(Config& config, const Visit& visit) {
    visit(config.node);
    visit(config.kafka);
    visit(config.validation);
    visit(config.geoip);
    visit(config.detection);
    visit(config.insights);
    visit(config.encoding);
    visit(config.flow);
    visit(config.delivery);
    visit(config.supervision);
    visit(config.link);
    visit(config.http);
    visit(config.log);
    visit(config.privacy);
    visit(config.fault_injection);
  }
};

/// Declares all settings of all components, each in its own section.
void describe(logic::SettingVisitor& visitor, NodeConfig& config);

/// Where the history of users lives: as `detection.state` says, or with links
/// in the topic, by which linked nodes know who owns whom. "memory", "file" or
/// "topic".
std::string_view state_place(const NodeConfig& config);

/// What the components object to in the configuration as a whole: runs the
/// `std::vector<logic::Error> check(const TheConfig&)` of each component that
/// has one, found beside the component's struct. A text names the keys that
/// it is about in full (`kafka.linger`): they are reported with their origins.
std::vector<logic::Error> check(const NodeConfig& config);

} // namespace millrace::node
