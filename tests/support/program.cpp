#include "tests/support/program.hpp"

#include "tests/support/eventually.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace millrace::tests {

namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> variables(const Environment& environment) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text{*entry};
    if (std::none_of(
          environment.begin(), environment.end(),
          [&](const auto& ours) { return text.starts_with(ours.first + '='); }))
      all.push_back(text);
  }
  for (const auto& [name, value] : environment)
    all.push_back(name + '=' + value);
  return all;
}

} // namespace

Program::Program(const std::vector<std::string>& arguments,
                 const Environment& environment) {
  // Ready before the fork: the child of a threaded process must not allocate.
  auto words = arguments;
  auto entries = variables(environment);
  const auto argv = pointers_to(words);
  const auto envp = pointers_to(entries);
  id_ = fork();
  if (id_ < 0)
    throw std::runtime_error{"cannot fork"};
  if (id_ != 0)
    return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int fd = open(output_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                      0600);
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  execve(argv[0], argv.data(), envp.data());
  _exit(127);
}

Program::~Program() {
  if (id_ > 0) {
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }
}

void Program::send_signal(int signal) {
  if (id_ > 0)
    kill(id_, signal);
}

int Program::wait(std::chrono::milliseconds limit) {
  return eventually(limit, [this] { return !alive(); }) ? code_ : -1000;
}

bool Program::alive() {
  int status = 0;
  if (id_ != 0 && waitpid(id_, &status, WNOHANG) == id_) {
    id_ = 0;
    code_ = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  return id_ != 0;
}

std::string Program::output() const {
  std::ifstream file{output_path_};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

ProgramOutcome run_program(const std::vector<std::string>& arguments,
                           const Environment& environment,
                           std::chrono::milliseconds limit) {
  Program program{arguments, environment};
  const int code = program.wait(limit);
  return {code, program.output()};
}

std::string millrace_binary() {
  const char* path = std::getenv("MILLRACE_BINARY");
  if (path == nullptr)
    throw std::runtime_error{"MILLRACE_BINARY is not set; run this by ctest"};
  return path;
}

} // namespace millrace::tests
