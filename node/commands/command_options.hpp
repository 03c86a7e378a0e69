#pragma once

#include "logic/core/result.hpp"
#include "node/lifecycle/exit_code.hpp"

#include <CLI/App.hpp>
#include <CLI/Option.hpp>

#include <chrono>
#include <string>
#include <vector>

/// Options that several commands have, and how they end.
namespace millrace::node::commands {

/// A duration from `least` to an hour, as `500ms` or `5s`.
CLI::Option* add_duration(CLI::App& command, const std::string& name,
                          std::chrono::milliseconds& target,
                          std::chrono::milliseconds least,
                          const std::string& help);

/// Names of topics, each kept once.
CLI::Option* add_topic_names(CLI::App& command, const std::string& name,
                             std::vector<std::string>& topics,
                             const std::string& help);

/// --format text (the default) or json.
CLI::Option* add_format(CLI::App& command, bool& as_json);

/// Says on stderr what Kafka refused or did not answer: `unavailable` for what
/// cannot be reached, is not there or not allowed, else `failure`.
ExitCode refuse_kafka(const logic::Error& error);

/// The same of what was asked for wrongly: `usage`.
ExitCode refuse_usage(const logic::Error& error);

} // namespace millrace::node::commands
