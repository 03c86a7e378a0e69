#pragma once

#include "node/config/node_config.hpp"
#include "node/lifecycle/exit_code.hpp"
#include "node/lifecycle/signals.hpp"
#include "node/node.hpp"

#include <chrono>
#include <memory>

namespace millrace::node {

class Logging;

/// Runs a node until SIGINT, SIGTERM or its own failure stops it, or signals
/// cannot be read any more (`signals_lost`). Then drains it; a second signal
/// more than a second later ends the process at once (exit code
/// `interrupted`), and so does a drain that outlives its deadline
/// (`drain_incomplete`, or `actor_failed` for a node that ends because it
/// failed).
ExitCode run_until_stopped(const NodeConfig& config,
                           std::shared_ptr<Logging> log, SignalWaiter& waiter);

/// What a start that failed tells the shell: `disk_full`, `unavailable` for a
/// file that cannot be read, `invalid_config`, else `failure`.
ExitCode code_of_start(const logic::Error& error) noexcept;

/// Drains the node and destroys it, within its shutdown deadline or not at
/// all, as above.
ExitCode stop_node(std::unique_ptr<Node> node, Logging& log,
                   SignalWaiter& waiter, std::chrono::milliseconds deadline,
                   NodeTotals* totals);

} // namespace millrace::node
