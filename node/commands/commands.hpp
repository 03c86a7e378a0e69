#pragma once

#include "node/lifecycle/exit_code.hpp"

#include <CLI/App.hpp>

/// One function per sub-command, one file per function. Each adds itself to
/// the application; its callback runs the command and leaves the outcome in
/// `outcome`. Callbacks report errors on stderr in a sentence and never let
/// an exception out.
namespace millrace::node::commands {

void add_run(CLI::App& app, ExitCode& outcome);
void add_demo(CLI::App& app, ExitCode& outcome);
void add_chaos(CLI::App& app, ExitCode& outcome);
void add_generate(CLI::App& app, ExitCode& outcome);
void add_broker(CLI::App& app, ExitCode& outcome);
void add_check(CLI::App& app, ExitCode& outcome);
void add_verify(CLI::App& app, ExitCode& outcome);
void add_dlq(CLI::App& app, ExitCode& outcome);
void add_model(CLI::App& app, ExitCode& outcome);
void add_certificates(CLI::App& app, ExitCode& outcome);
void add_health(CLI::App& app, ExitCode& outcome);
void add_lag(CLI::App& app, ExitCode& outcome);
void add_topics(CLI::App& app, ExitCode& outcome);
void add_status(CLI::App& app, ExitCode& outcome);
void add_version(CLI::App& app, ExitCode& outcome);

} // namespace millrace::node::commands
