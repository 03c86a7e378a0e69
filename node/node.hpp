#pragma once

#include "logic/core/log.hpp"
#include "logic/core/result.hpp"
#include "logic/faults/fault_order.hpp"
#include "messages/supervision.hpp"
#include "node/config/node_config.hpp"
#include "node/endpoint/node_status.hpp"
#include "node/lifecycle/exit_code.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace millrace::node {

class Logging;

/// What a node did in its life.
struct NodeTotals {
  std::uint64_t records = 0;
  std::uint64_t outputs = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t retries = 0;
  std::uint64_t unfinished = 0; ///< left behind at the end
};

/// A running node: Kafka clients, actors, endpoints. One thread owns it.
class Node {
public:
  /// Opens files and clients and starts to work; does not wait for brokers.
  /// `on_failure` is called, from any thread and at most once, when the node
  /// cannot go on and should be stopped.
  static logic::Result<std::unique_ptr<Node>>
  start(const NodeConfig& config, std::shared_ptr<Logging> log,
        std::function<void()> on_failure);

  virtual ~Node() = default;

  /// Stops the intake, finishes what is in flight, flushes, commits, leaves
  /// the group; takes at most `delivery.shutdown_deadline` and a second.
  /// Afterwards only `totals` may be called.
  virtual ExitCode stop() = 0;

  virtual NodeTotals totals() const = 0;

  /// Whether it cannot go on; any thread.
  virtual bool failed() const = 0;

  /// Asks the actors, so it takes a moment; any thread, until `stop`.
  virtual NodeStatus status() = 0;

  /// Has actors, clients or credit go wrong on purpose. How many obey; an
  /// error where fault injection is off, nobody is meant, or the order is not
  /// for the node (the embedded broker). Any thread, until `stop`.
  virtual logic::Result<std::uint32_t>
  inject(const logic::faults::FaultOrder& order) = 0;

  /// The latest actors that failed and came back, oldest first. As `status`.
  virtual std::vector<messages::Recovery> recoveries() = 0;

  /// "http://127.0.0.1:9108", empty where the endpoint is off.
  virtual std::string endpoint_url() const = 0;
};

} // namespace millrace::node
