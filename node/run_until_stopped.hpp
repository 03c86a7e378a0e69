#pragma once

#include "node/config/node_config.hpp"
#include "node/exit_code.hpp"
#include "node/node.hpp"
#include "node/signals.hpp"

#include <functional>
#include <memory>

namespace millrace::node {

class Logging;

/// Runs a node until it is told to stop: by SIGINT or SIGTERM, by its own
/// failure, or by `SignalWaiter::wake`. Then drains it; a second signal ends
/// the process at once (exit code `interrupted`), and so does a drain that
/// outlives its deadline (`drain_incomplete`). `on_started` is called once
/// the node runs; `totals` is filled at the end.
ExitCode run_until_stopped(const NodeConfig& config,
                           std::shared_ptr<Logging> log, SignalWaiter& waiter,
                           const std::function<void(Node&)>& on_started,
                           NodeTotals* totals = nullptr);

} // namespace millrace::node
