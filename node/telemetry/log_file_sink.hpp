#pragma once

#include "logic/core/result.hpp"

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace millrace::node {

/// A log file that is put aside at a size limit, for spdlog. spdlog's own
/// throws away what it holds, or throws, when the disk is full; this one
/// writes each line with one system call, reports a failure once on stderr,
/// and takes up again as soon as a write succeeds.
class LogFileSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  struct Limits {
    std::uint64_t max_bytes = 0;
    std::int64_t max_files = 0;
  };

  /// Opens (creates, appends to) the file.
  static logic::Result<std::shared_ptr<LogFileSink>>
  open(const std::string& path, const Limits& limits);

  ~LogFileSink() override;

  bool failing() const noexcept { return failing_; }

  /// Opens the path anew, for an outside tool that moved the file away.
  logic::Result<void> reopen();

private:
  LogFileSink(std::string path, const Limits& limits, int file,
              std::uint64_t bytes);

  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {} // nothing is held back

  void write_line(std::string_view line);
  void rotate();
  void report(const std::string& attempt, int error_number);

  std::string path_;
  Limits limits_;
  int file_;
  std::uint64_t bytes_;
  bool torn_ = false; ///< the last line was written only in part
  std::atomic<bool> failing_ = false;
};

} // namespace millrace::node
