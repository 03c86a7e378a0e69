#pragma once

#include "logic/core/result.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace millrace::node::demo {

/// What a child finds as its standard streams; -1: what this process has.
struct ChildStreams {
  int in = -1;
  int out = -1;
  int err = -1;
};

/// Starts a program with these arguments, its own name first. The child gets
/// an empty signal mask and a process group of its own: an interrupt typed at
/// the terminal reaches this process alone. `io_failed` where it cannot.
logic::Result<pid_t> start_child(const std::string& program,
                                 const std::vector<std::string>& arguments,
                                 const ChildStreams& streams);

/// This very program.
inline constexpr const char* own_program = "/proc/self/exe";

} // namespace millrace::node::demo
