#pragma once

#include "node/endpoint/text_table.hpp"

#include <csignal>
#include <cstddef>

namespace millrace::node::commands {

struct Terminal {
  bool present = false;
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// What the standard output leads to, as large as it is now.
Terminal look_at_terminal();

/// Whether the environment's locale is one of UTF-8 (LC_ALL, LC_CTYPE, LANG).
bool locale_is_utf8();

/// For what is printed there: lines are cut to a terminal, and go into a pipe
/// as they are.
StatusCanvas output_canvas();

/// Hides the cursor of a terminal that is redrawn. While this lives, SIGINT
/// and SIGTERM end the process with success, since they are how a watch ends:
/// at once, even while somebody who hangs is asked.
class WatchScope {
public:
  explicit WatchScope(bool redraws);
  WatchScope(const WatchScope&) = delete;
  WatchScope& operator=(const WatchScope&) = delete;
  ~WatchScope();

private:
  bool redraws_;
  struct sigaction interrupt_ {};
  struct sigaction terminate_ {};
};

} // namespace millrace::node::commands
