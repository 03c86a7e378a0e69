#pragma once

#include "adapters/geoip/geo_database.hpp"
#include "adapters/geoip/quiet_network_list.hpp"
#include "adapters/recovery/crash_recorder.hpp"
#include "logic/core/log.hpp"
#include "logic/core/result.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/model.hpp"
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

/// The model that the configuration names; null where it names none.
/// `io_failed` for one that cannot be used, `invalid_config` for one that was
/// not trained on login events.
logic::Result<logic::detection::ModelPtr>
open_model(const logic::detection::DetectionConfig& config);

/// The journal that the configuration names, null where it names none; says
/// what it finds of earlier lives. `no_space` where there is no room for it,
/// `io_failed` for any other reason why it cannot be used.
logic::Result<std::shared_ptr<adapters::CrashRecorder>>
open_crash_journal(const NodeConfig& config, logic::Log& log);

} // namespace millrace::node
