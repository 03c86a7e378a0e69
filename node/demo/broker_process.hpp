#pragma once

#include "logic/core/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace millrace::node::demo {

/// The embedded broker (`millrace broker`) as a child process: an assertion
/// in it must not take the node down. Ends with this object, or when this
/// process dies in whatever way.
class BrokerProcess {
public:
  /// Topics as `name:partitions`; `program` is the millrace to start, this
  /// very process by default; `retention_mib` is kept of each partition.
  /// Waits until the broker listens.
  static logic::Result<std::unique_ptr<BrokerProcess>>
  start(const std::vector<std::string>& topics,
        const std::string& program = "/proc/self/exe",
        std::uint64_t retention_mib = 256);

  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;
  ~BrokerProcess();

  const std::string& bootstrap_servers() const noexcept {
    return bootstrap_servers_;
  }
  pid_t pid() const noexcept { return pid_; }

  /// Has it do what a line on its standard input says, such as "down 1" (see
  /// `millrace broker --help`), and waits for the answer, 5 s at most. One
  /// thread at a time. Errors: `invalid_argument` where it refuses,
  /// `unavailable` where it is gone or silent.
  logic::Result<void> order(const std::string& line);

  /// False once the process has ended. Any thread.
  bool running() const noexcept;

private:
  BrokerProcess(pid_t pid, int control_fd, int answer_fd)
    : pid_(pid), control_fd_(control_fd), answer_fd_(answer_fd) {}

  pid_t pid_;
  int control_fd_; ///< the child's standard input; closing it ends the child
  int answer_fd_; ///< the child's standard output
  std::string bootstrap_servers_;
};

} // namespace millrace::node::demo
