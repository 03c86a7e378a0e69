#pragma once

#include "adapters/geoip/geo_database.hpp"
#include "adapters/geoip/quiet_network_list.hpp"
#include "adapters/kafka/state_topic.hpp"
#include "adapters/recovery/crash_recorder.hpp"
#include "logic/core/log.hpp"
#include "logic/core/result.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/model.hpp"
#include "logic/detection/state_store.hpp"
#include "node/config/node_config.hpp"

#include <memory>
#include <string>
#include <vector>

namespace millrace::node {

/// The GeoIP files that the configuration names; `io_failed` for one that
/// cannot be used.
logic::Result<std::unique_ptr<adapters::geoip::GeoDatabase>>
open_geo(const adapters::geoip::GeoipConfig& config);

/// The networks that the configuration names, themselves or by a file;
/// `io_failed` for a file that cannot be used.
logic::Result<std::unique_ptr<adapters::geoip::QuietNetworkList>>
open_quiet_networks(const std::vector<std::string>& entries);

/// The model that the configuration names; null where it names none, or where
/// detection is off.
/// `io_failed` for one that cannot be used, `invalid_config` for one that was
/// not trained on login events.
logic::Result<logic::detection::ModelPtr>
open_model(const logic::detection::DetectionConfig& config);

/// The journal that the configuration names, null where it names none; says
/// what it finds of earlier lives. `no_space` where there is no room for it,
/// `io_failed` for any other reason why it cannot be used.
logic::Result<std::shared_ptr<adapters::CrashRecorder>>
open_crash_journal(const NodeConfig& config, logic::Log& log);

/// The store of what is known of users and addresses; null with `memory`. Says
/// what it finds that somebody should know.
logic::Result<std::shared_ptr<logic::detection::StateStore>>
open_state_store(const NodeConfig& config, logic::Log& log);

/// The topic of `detection.state: topic`.
adapters::kafka::StateTopicParameters state_topic_of(const NodeConfig& config);

} // namespace millrace::node
