#pragma once

#include "tests/support/temporary_folder.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace millrace::tests {

/// Variables by name, on top of those of this process.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// Another program as a process, killed with this object or this process.
class Program {
public:
  /// `arguments` begin with the path of the program.
  explicit Program(const std::vector<std::string>& arguments,
                   const Environment& environment = {});
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  pid_t id() const noexcept { return id_; }

  void send_signal(int signal);

  /// The exit code, minus the signal that ended it, or -1000 when it did not
  /// end within the limit.
  int wait(std::chrono::milliseconds limit);

  bool alive();

  /// All that it wrote so far, to standard output and standard error.
  std::string output() const;

private:
  pid_t id_ = 0; ///< 0 once it has ended
  int code_ = 0; ///< as of `wait`, once it has ended
  TemporaryFolder folder_;
  std::string output_path_ = folder_ / "output";
};

/// How a program ended, see `Program::wait`, and what it wrote.
struct ProgramOutcome {
  int code = 0;
  std::string output;

  bool says(const std::string& words) const {
    return output.find(words) != std::string::npos;
  }
};

/// Runs a program to its end.
ProgramOutcome
run_program(const std::vector<std::string>& arguments,
            const Environment& environment = {},
            std::chrono::milliseconds limit = std::chrono::seconds{60});

/// The path of the built node.
std::string millrace_binary();

} // namespace millrace::tests
