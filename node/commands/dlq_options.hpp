#pragma once

#include "logic/dead_letters/dead_letter_filter.hpp"
#include "node/commands/config_options.hpp"

#include <CLI/App.hpp>

#include <chrono>
#include <memory>

namespace millrace::node::commands {

/// What the commands of `millrace dlq` have in common.
struct DlqOptions {
  std::shared_ptr<ConfigOptions> config;
  logic::DeadLetterFilter filter;
  std::chrono::milliseconds patience{15'000};
};

/// Adds the configuration and --patience. The options are filled when the
/// command line is parsed; keep the pointer in the callback.
std::shared_ptr<DlqOptions> add_dlq_options(CLI::App& command);

/// Adds --reason, --stage, --since, --until, --partition and --source-topic.
void add_filter_options(CLI::App& command, DlqOptions& options);

} // namespace millrace::node::commands
