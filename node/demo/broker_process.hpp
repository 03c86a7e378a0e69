#pragma once

#include "logic/result.hpp"

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
  /// very process by default. Waits until the broker listens.
  static logic::Result<std::unique_ptr<BrokerProcess>>
  start(const std::vector<std::string>& topics,
        const std::string& program = "/proc/self/exe");

  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;
  ~BrokerProcess();

  const std::string& bootstrap_servers() const noexcept {
    return bootstrap_servers_;
  }
  pid_t pid() const noexcept { return pid_; }

private:
  BrokerProcess(pid_t pid, int control_fd, std::string bootstrap_servers)
    : pid_(pid), control_fd_(control_fd),
      bootstrap_servers_(std::move(bootstrap_servers)) {}

  pid_t pid_;
  int control_fd_; ///< the child's standard input; closing it ends the child
  std::string bootstrap_servers_;
};

} // namespace millrace::node::demo
