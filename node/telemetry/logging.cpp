#include "node/telemetry/logging.hpp"

#include "node/telemetry/log_file_sink.hpp"
#include "node/telemetry/log_line.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <unistd.h>
#include <utility>
#include <vector>

namespace millrace::node {

namespace {

constexpr std::size_t max_single_loggers = 64;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

spdlog::level::level_enum spdlog_level(logic::LogLevel level) noexcept {
  switch (level) {
    case logic::LogLevel::debug:
      return spdlog::level::debug;
    case logic::LogLevel::info:
      return spdlog::level::info;
    case logic::LogLevel::warn:
      return spdlog::level::warn;
    case logic::LogLevel::error:
      return spdlog::level::err;
    case logic::LogLevel::fatal:
      return spdlog::level::critical;
  }
  return spdlog::level::info;
}

logic::Error unknown_level(std::string_view text) {
  return {logic::ErrorCode::invalid_argument,
          "unknown log level '" + std::string{text}
            + "'; expected debug, info, warn, error or fatal"};
}

/// Lines come rendered; spdlog only hands them to the sinks.
std::shared_ptr<spdlog::logger> make_logger(const std::string& name,
                                            spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>(name, std::move(sink));
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  logger->set_level(spdlog::level::trace);
  logger->set_error_handler([](const std::string&) {
    // A line that cannot be written has nowhere to be reported to.
  });
  return logger;
}

} // namespace

logic::Result<std::shared_ptr<Logging>>
Logging::start(const LogConfig& config) {
  const auto level = logic::parse_log_level(config.level);
  if (!level) {
    return unknown_level(config.level);
  }
  if (config.format != "auto" && config.format != "json"
      && config.format != "plain") {
    return logic::Error{logic::ErrorCode::invalid_config,
                        "unknown log format '" + config.format
                          + "'; expected auto, json or plain"};
  }
  Outputs outputs;
  outputs.stdout_json = config.format == "json"
                        || (config.format == "auto"
                            && ::isatty(STDOUT_FILENO) == 0);
  outputs.file_json = config.format != "plain";
  outputs.to_stdout = make_logger(
    "stdout", std::make_shared<spdlog::sinks::stdout_sink_mt>());
  if (!config.file.empty()) {
    auto file = LogFileSink::open(
      config.file, {config.max_file_size.bytes, config.max_files});
    if (!file) {
      return file.error();
    }
    outputs.file = *file;
    outputs.to_file = make_logger("file", outputs.file);
  }
  return std::shared_ptr<Logging>(new Logging(*level, std::move(outputs)));
}

Logging::Logging(logic::LogLevel level, Outputs outputs)
  : outputs_(std::move(outputs)), lowest_(level), default_level_(level) {}

Logging::~Logging() {
  flush();
}

bool Logging::enabled(logic::LogLevel level) const noexcept {
  return level >= lowest_.load(std::memory_order_relaxed);
}

bool Logging::admits(logic::LogLevel level, std::string_view component) const {
  const std::lock_guard lock{mutex_};
  const auto single = levels_.find(component);
  return level >= (single == levels_.end() ? default_level_ : single->second);
}

void Logging::write(logic::LogLevel level, std::string_view component,
                    std::string_view message,
                    std::span<const logic::LogField> fields) {
  if (!enabled(level) || !admits(level, component)) {
    return;
  }
  const LogLine line{now_ms(), level, component, message, fields};
  const auto render = [&](bool json) {
    return json ? to_json_line(line) : to_plain_line(line);
  };
  auto text = render(outputs_.stdout_json);
  outputs_.to_stdout->log(spdlog_level(level), spdlog::string_view_t{text});
  if (outputs_.to_file) {
    if (outputs_.file_json != outputs_.stdout_json) {
      text = render(outputs_.file_json);
    }
    outputs_.to_file->log(spdlog_level(level), spdlog::string_view_t{text});
  }
}

logic::Result<void> Logging::set_level(std::string_view level,
                                       std::string_view logger) {
  const auto parsed = logic::parse_log_level(level);
  if (!parsed) {
    return unknown_level(level);
  }
  const std::lock_guard lock{mutex_};
  if (logger.empty()) {
    default_level_ = *parsed;
    levels_.clear();
  } else if (const auto single = levels_.find(logger);
             single != levels_.end()) {
    single->second = *parsed;
  } else if (levels_.size() < max_single_loggers) {
    levels_.emplace(logger, *parsed);
  } else {
    return logic::Error{logic::ErrorCode::queue_full,
                        "too many loggers with a level of their own (64); set "
                        "the level of all first, which forgets them"};
  }
  auto lowest = default_level_;
  for (const auto& [name, own] : levels_) {
    lowest = std::min(lowest, own);
  }
  lowest_.store(lowest, std::memory_order_relaxed);
  return {};
}

bool Logging::file_failing() const noexcept {
  return outputs_.file && outputs_.file->failing();
}

logic::Result<void> Logging::reopen_file() {
  return outputs_.file ? outputs_.file->reopen() : logic::Result<void>{};
}

void Logging::flush() noexcept {
  // Each line is handed to the system as it is written, except where somebody
  // else writes to the same stdout.
  std::fflush(stdout);
}

} // namespace millrace::node
