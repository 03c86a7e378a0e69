#pragma once

#include <csignal>
#include <functional>
#include <sys/wait.h>
#include <unistd.h>

namespace millrace::tests {

/// How a child ended: its exit code, or minus the signal that killed it.
inline int wait_for(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child) {
    return -1000;
  }
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/// Starts `body` in a process of its own, with one thread and whatever signal
/// mask it sets; its result is the exit code. A hang ends by SIGALRM.
inline pid_t start_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);
    ::_exit(body());
  }
  return child;
}

inline int run_child(const std::function<int()>& body) {
  return wait_for(start_child(body));
}

} // namespace millrace::tests
