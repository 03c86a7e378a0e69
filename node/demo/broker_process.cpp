#include "node/demo/broker_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace millrace::node::demo {

namespace {

using logic::Error;
using logic::ErrorCode;

constexpr std::string_view announcement = "bootstrap.servers=";

Error failure(const char* what) {
  return {ErrorCode::io_failed, std::string{"could not start the embedded "
                                            "broker: "}
                                  + what + ": " + std::strerror(errno)};
}

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

/// Starts a program. The child gets an empty
/// signal mask and a process group of its own: an interrupt typed at the
/// terminal must reach the node alone, which drains while the broker lives.
int spawn(const std::string& program, const std::vector<std::string>& arguments,
          const Pipe& control, const Pipe& output, pid_t& pid) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const auto& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, control.read_fd, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.write_fd, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  const int code = posix_spawn(&pid, program.c_str(), &actions, &attributes,
                               argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

/// The first line, or what came before the output ended.
std::string read_line(int fd) {
  std::string line;
  char letter = 0;
  for (;;) {
    const auto count = read(fd, &letter, 1);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0 || letter == '\n')
      return line;
    line.push_back(letter);
  }
}

} // namespace

logic::Result<std::unique_ptr<BrokerProcess>>
BrokerProcess::start(const std::vector<std::string>& topics,
                     const std::string& program) {
  std::string list;
  for (const auto& topic : topics)
    list += (list.empty() ? "" : ",") + topic;
  Pipe control;
  Pipe output;
  if (!control.open() || !output.open())
    return failure("pipe");
  pid_t pid = 0;
  errno = spawn(
    program, {"millrace", "broker", "--topics", list, "--until-stdin-closes"},
    control, output, pid);
  close(control.read_fd);
  close(output.write_fd);
  if (errno != 0) {
    const auto error = failure("posix_spawn");
    close(control.write_fd);
    close(output.read_fd);
    return error;
  }
  auto line = read_line(output.read_fd);
  close(output.read_fd);
  std::unique_ptr<BrokerProcess> broker{
    new BrokerProcess(pid, control.write_fd, {})};
  if (!line.starts_with(announcement))
    return Error{ErrorCode::unavailable,
                 "the embedded broker did not start: '" + line + "'"};
  broker->bootstrap_servers_ = line.substr(announcement.size());
  return broker;
}

BrokerProcess::~BrokerProcess() {
  close(control_fd_);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

} // namespace millrace::node::demo
