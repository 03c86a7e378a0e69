#include "node/commands/commands.hpp"
#include "node/commands/config_options.hpp"
#include "node/lifecycle/run_until_stopped.hpp"
#include "node/telemetry/logging.hpp"

#include <iostream>
#include <memory>

namespace millrace::node::commands {

namespace {

ExitCode run(const ConfigOptions& options) {
  const auto loaded = load_config(options);
  if (!accept_config(loaded, std::cerr))
    return ExitCode::invalid_config;
  // Before any thread exists, so that all inherit the signal mask.
  auto waiter = SignalWaiter::create();
  if (!waiter) {
    std::cerr << "error: " << waiter.error().text << std::endl;
    return ExitCode::signals_lost;
  }
  auto log = Logging::start(loaded.config.log);
  if (!log) {
    std::cerr << "error: " << log.error().text << std::endl;
    return code_of_start(log.error());
  }
  return run_until_stopped(loaded.config, *log, **waiter);
}

} // namespace

void add_run(CLI::App& app, ExitCode& outcome) {
  auto* command = app.add_subcommand(
    "run", "Run the node: read login events, check, enrich, judge and pass "
           "them on, until SIGINT or SIGTERM.");
  auto options = add_config_options(*command);
  command->callback([options, &outcome] { outcome = run(*options); });
}

} // namespace millrace::node::commands
