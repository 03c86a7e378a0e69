#pragma once

#include "logic/core/result.hpp"

#include <chrono>
#include <memory>

namespace millrace::node {

/// Waits for SIGINT, SIGTERM and SIGHUP, or for another thread's `wake`.
///
/// Creating it blocks these signals in the calling thread and ignores
/// SIGPIPE: create it before any other thread exists, so that all inherit
/// the mask. Both stay so for the rest of the process's life, since a signal
/// that is still pending would otherwise kill it in the middle of its end.
class SignalWaiter {
public:
  enum class Cause {
    signal,
    woken,
    timed_out,
    broken, ///< signals cannot be read, now or ever
  };

  struct Wakeup {
    Cause cause = Cause::timed_out;
    int signal = 0; ///< SIGINT, SIGTERM, SIGHUP; 0 for the other causes

    /// SIGINT or SIGTERM, which ask for the end (SIGHUP does not), or
    /// `broken`, when nobody could ask for it any more.
    bool asks_to_stop() const noexcept;
  };

  static logic::Result<std::unique_ptr<SignalWaiter>> create();

  SignalWaiter(const SignalWaiter&) = delete;
  SignalWaiter& operator=(const SignalWaiter&) = delete;
  ~SignalWaiter();

  /// The next signal or `wake`, or `timed_out`; a negative time-out waits
  /// without end. A signal goes before a wake. `broken` comes at once. One
  /// thread at a time.
  Wakeup wait(std::chrono::milliseconds timeout);

  /// Ends the current or the next `wait`. Any thread; async-signal-safe.
  void wake() noexcept;

private:
  SignalWaiter(int signal_fd, int wake_fd);

  int signal_fd_;
  int wake_fd_;
};

/// As creating a waiter does, long before: they stay pending until then. The
/// error number, 0 where all is well.
int block_awaited_signals() noexcept;

/// For a child between fork and exec: the mask is inherited, so a child
/// that does not undo it can never be interrupted. Async-signal-safe.
void reset_signals_in_child() noexcept;

} // namespace millrace::node
