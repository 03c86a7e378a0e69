#pragma once

#include "logic/core/log.hpp"
#include "logic/core/result.hpp"
#include "node/telemetry/log_config.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
} // namespace spdlog

namespace millrace::node {

class LogFileSink;

/// The log of the node: stdout, and a rotated file where one is configured.
/// One JSON object per line
///
///     {"time":"2026-01-01T00:00:00.000Z","level":"info","logger":"consumer",
///      "message":"partitions assigned","count":3}
///
/// or plain text
///
///     2026-01-01T00:00:00.000Z info consumer: partitions assigned count=3
///
/// A file that cannot be written to is reported once on stderr and left out
/// until it can be again; stdout goes on. Any thread.
class Logging final : public logic::Log {
public:
  /// A file that cannot be opened, or an unknown level or format, is an
  /// error.
  static logic::Result<std::shared_ptr<Logging>> start(const LogConfig& config);

  ~Logging() override;

  bool enabled(logic::LogLevel level) const noexcept override;
  void write(logic::LogLevel level, std::string_view component,
             std::string_view message,
             std::span<const logic::LogField> fields) override;

  /// Sets the level of one logger, of all where `logger` is empty (which
  /// also forgets the single ones). At most 64 single loggers.
  logic::Result<void> set_level(std::string_view level,
                                std::string_view logger);

  /// Whether the log file cannot be written to at the moment.
  bool file_failing() const noexcept;

  /// Opens the file anew, for SIGHUP after an outside tool moved it away.
  logic::Result<void> reopen_file();

  void flush() noexcept;

private:
  struct Outputs {
    bool stdout_json = true;
    bool file_json = true;
    std::shared_ptr<spdlog::logger> to_stdout;
    std::shared_ptr<spdlog::logger> to_file; ///< null without a file
    std::shared_ptr<LogFileSink> file; ///< null without one
  };

  Logging(logic::LogLevel level, Outputs outputs);

  bool admits(logic::LogLevel level, std::string_view component) const;

  Outputs outputs_;

  /// The lowest of all levels, so that `enabled` takes no lock.
  std::atomic<logic::LogLevel> lowest_;
  mutable std::mutex mutex_;
  logic::LogLevel default_level_;
  std::map<std::string, logic::LogLevel, std::less<>> levels_;
};

} // namespace millrace::node
