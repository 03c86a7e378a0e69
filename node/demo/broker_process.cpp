#include "node/demo/broker_process.hpp"

#include "node/demo/child_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace millrace::node::demo {

namespace {

using logic::Error;
using logic::ErrorCode;

using Clock = std::chrono::steady_clock;

constexpr std::string_view announcement = "bootstrap.servers=";
constexpr std::chrono::seconds start_limit{30};
constexpr std::chrono::seconds answer_limit{5};
constexpr std::chrono::seconds end_limit{10};

/// A pipe of which the child gets one end.
struct Pipe {
  int read_fd = -1;
  int write_fd = -1;

  bool open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
      return false;
    read_fd = ends[0];
    write_fd = ends[1];
    return true;
  }
};

/// Whether something can be read, or will never be, before the deadline.
bool readable(int fd, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      deadline - Clock::now());
    pollfd watched{fd, POLLIN, 0};
    const int count = poll(
      &watched, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (count >= 0 || errno != EINTR)
      return count > 0;
  }
}

/// The next line, or what came of it before the output or the time ended.
std::string read_line(int fd, Clock::time_point deadline) {
  std::string line;
  char letter = 0;
  while (readable(fd, deadline)) {
    const auto count = read(fd, &letter, 1);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0 || letter == '\n')
      return line;
    line.push_back(letter);
  }
  return line;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto count = write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

} // namespace

logic::Result<std::unique_ptr<BrokerProcess>>
BrokerProcess::start(const std::vector<std::string>& topics,
                     const std::string& program, std::uint64_t retention_mib) {
  std::string list;
  for (const auto& topic : topics)
    list += (list.empty() ? "" : ",") + topic;
  Pipe control;
  Pipe output;
  if (!control.open() || !output.open())
    return Error{ErrorCode::io_failed,
                 std::string{"no pipe to the embedded broker: "}
                   + std::strerror(errno)};
  const auto pid = start_child(program,
                               {"millrace", "broker", "--topics", list,
                                "--retention", std::to_string(retention_mib),
                                "--until-stdin-closes"},
                               {.in = control.read_fd, .out = output.write_fd});
  close(control.read_fd);
  close(output.write_fd);
  if (!pid) {
    close(control.write_fd);
    close(output.read_fd);
    return pid.error();
  }
  std::unique_ptr<BrokerProcess> broker{
    new BrokerProcess(*pid, control.write_fd, output.read_fd)};
  const auto line = read_line(output.read_fd, Clock::now() + start_limit);
  if (!line.starts_with(announcement))
    return Error{ErrorCode::unavailable,
                 "the embedded broker did not start: '" + line + "'"};
  broker->bootstrap_servers_ = line.substr(announcement.size());
  return broker;
}

logic::Result<void> BrokerProcess::order(const std::string& line) {
  constexpr std::string_view refusal = "error: ";
  if (!write_all(control_fd_, line + '\n'))
    return Error{ErrorCode::unavailable, "could not tell the embedded broker \""
                                           + line + "\": it is gone"};
  const auto answer = read_line(answer_fd_, Clock::now() + answer_limit);
  if (answer == "ok")
    return {};
  if (answer.starts_with(refusal))
    return Error{ErrorCode::invalid_argument, answer.substr(refusal.size())};
  return Error{ErrorCode::unavailable,
               "the embedded broker did not answer to \"" + line + '"'};
}

bool BrokerProcess::running() const noexcept {
  siginfo_t info{};
  const int code = waitid(P_PID, static_cast<id_t>(pid_), &info,
                          WEXITED | WNOHANG | WNOWAIT);
  return code == 0 && info.si_pid == 0;
}

BrokerProcess::~BrokerProcess() {
  close(control_fd_);
  // Its output closes with its end.
  const auto deadline = Clock::now() + end_limit;
  while (!read_line(answer_fd_, deadline).empty()) {
  }
  if (Clock::now() >= deadline)
    kill(pid_, SIGKILL);
  close(answer_fd_);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

} // namespace millrace::node::demo
