#pragma once

#include "adapters/recovery/crash_recorder.hpp"
#include "logic/core/log.hpp"
#include "logic/core/result.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/model.hpp"
#include "node/config/node_config.hpp"

#include <memory>

namespace millrace::node {

/// The model that the configuration names; null where it names none. An error
/// also where the model was not trained on login events.
logic::Result<logic::detection::ModelPtr>
open_model(const logic::detection::DetectionConfig& config);

/// The journal that the configuration names, null where it names none; says
/// what it finds of earlier lives.
logic::Result<std::shared_ptr<adapters::CrashRecorder>>
open_crash_journal(const NodeConfig& config, logic::Log& log);

} // namespace millrace::node
