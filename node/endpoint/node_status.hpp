#pragma once

#include "messages/links.hpp"
#include "messages/status.hpp"
#include "messages/supervision.hpp"
#include "messages/workers.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace millrace::node {

/// What the parts of a node say of themselves at one moment; nothing of a
/// part that was not there or did not answer.
struct NodeStatus {
  std::string node;
  std::string role = "all";
  std::string version;
  std::optional<messages::ConsumerStatus> consumer;
  std::optional<messages::DispatcherStatus> dispatcher;
  std::optional<messages::ProducerStatus> producer;
  /// None without detection.
  std::optional<messages::SupervisorStatus> supervisor;
  std::optional<messages::LinksStatus> links; ///< none: not linked at all
  std::optional<messages::RemoteLanesStatus> remote_lanes;
  std::optional<messages::LaneHostStatus> lane_host; ///< of a worker
  std::optional<messages::JudgementsStatus> judgements;
  std::string failure; ///< why the node is ending, empty while it is not
  /// When the parts were asked; how long an actor is down counts up to then.
  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
};

} // namespace millrace::node
