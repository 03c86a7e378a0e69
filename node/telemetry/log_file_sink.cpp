#include "node/telemetry/log_file_sink.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace millrace::node {

namespace {

struct OpenFile {
  int descriptor = -1;
  std::uint64_t bytes = 0;
};

std::string text_of(int error_number) {
  return std::generic_category().message(error_number);
}

logic::Result<OpenFile> open_for_append(const std::string& path) {
  // Not blocking: a pipe without a reader must not hold up the node.
  const int descriptor = ::open(
    path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
  if (descriptor < 0) {
    const auto code = errno == ENOSPC || errno == EDQUOT
                        ? logic::ErrorCode::no_space
                        : logic::ErrorCode::io_failed;
    return logic::Error{
      code, "could not open the log file " + path + ": " + text_of(errno)
              + "; set log.file (LOG_FILE_PATH) to a file in a "
                "folder that exists and may be written to, or to "
                "nothing"};
  }
  struct stat status {};
  const bool sized = ::fstat(descriptor, &status) == 0 && status.st_size > 0;
  return OpenFile{descriptor,
                  sized ? static_cast<std::uint64_t>(status.st_size) : 0};
}

} // namespace

logic::Result<std::shared_ptr<LogFileSink>>
LogFileSink::open(const std::string& path, const Limits& limits) {
  auto opened = open_for_append(path);
  if (!opened) {
    return opened.error();
  }
  return std::shared_ptr<LogFileSink>(
    new LogFileSink(path, limits, opened->descriptor, opened->bytes));
}

LogFileSink::LogFileSink(std::string path, const Limits& limits, int file,
                         std::uint64_t bytes)
  : path_(std::move(path)), limits_(limits), file_(file), bytes_(bytes) {}

LogFileSink::~LogFileSink() {
  ::close(file_);
}

logic::Result<void> LogFileSink::reopen() {
  auto opened = open_for_append(path_);
  if (!opened) {
    return opened.error();
  }
  const std::lock_guard lock{mutex_};
  ::close(file_);
  file_ = opened->descriptor;
  bytes_ = opened->bytes;
  torn_ = false;
  return {};
}

void LogFileSink::sink_it_(const spdlog::details::log_msg& message) {
  std::string line{message.payload.data(), message.payload.size()};
  line += '\n';
  if (bytes_ > 0 && bytes_ + line.size() > limits_.max_bytes) {
    rotate();
  }
  write_line(torn_ ? '\n' + line : line);
}

void LogFileSink::write_line(std::string_view line) {
  auto written = ::write(file_, line.data(), line.size());
  while (written < 0 && errno == EINTR) {
    written = ::write(file_, line.data(), line.size());
  }
  if (written < 0) {
    report("write to", errno);
    return;
  }
  bytes_ += static_cast<std::uint64_t>(written);
  torn_ = static_cast<std::size_t>(written) < line.size();
  if (torn_) {
    report("write all of a line to", ENOSPC);
    return;
  }
  failing_ = false;
}

void LogFileSink::rotate() {
  std::error_code error;
  const auto numbered = [&](std::int64_t number) {
    return number == 0 ? path_ : path_ + '.' + std::to_string(number);
  };
  for (auto number = limits_.max_files; number > 0 && !error; --number) {
    const auto from = numbered(number - 1);
    if (std::filesystem::exists(from, error) && !error) {
      std::filesystem::rename(from, numbered(number), error);
    }
  }
  if (limits_.max_files > 0 && !error) {
    auto opened = open_for_append(path_);
    if (opened) {
      ::close(file_);
      file_ = opened->descriptor;
      bytes_ = opened->bytes;
      torn_ = false;
      return;
    }
    error = std::make_error_code(std::errc::io_error);
  }
  if (error) {
    report("put aside", error.value());
  }
  // The limit holds even where nothing can be put aside.
  if (::ftruncate(file_, 0) == 0) {
    torn_ = false;
  }
  bytes_ = 0;
}

void LogFileSink::report(const std::string& attempt, int error_number) {
  if (!failing_.exchange(true)) {
    std::fprintf(stderr,
                 "millrace: could not %s the log file %s: %s; stdout goes on\n",
                 attempt.c_str(), path_.c_str(), text_of(error_number).c_str());
  }
}

} // namespace millrace::node
