#include "node/demo/child_process.hpp"

#include <csignal>
#include <cstring>

#include <spawn.h>
#include <unistd.h>

namespace millrace::node::demo {

logic::Result<pid_t> start_child(const std::string& program,
                                 const std::vector<std::string>& arguments,
                                 const ChildStreams& streams) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const auto& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (streams.in >= 0)
    posix_spawn_file_actions_adddup2(&actions, streams.in, STDIN_FILENO);
  if (streams.out >= 0)
    posix_spawn_file_actions_adddup2(&actions, streams.out, STDOUT_FILENO);
  if (streams.err >= 0)
    posix_spawn_file_actions_adddup2(&actions, streams.err, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int code = posix_spawn(&pid, program.c_str(), &actions, &attributes,
                               argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0)
    return logic::Error{logic::ErrorCode::io_failed, "could not start "
                                                       + program + ": "
                                                       + std::strerror(code)};
  return pid;
}

} // namespace millrace::node::demo
