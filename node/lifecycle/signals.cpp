#include "node/lifecycle/signals.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace millrace::node {

namespace {

using Clock = std::chrono::steady_clock;

sigset_t awaited_signals() noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

logic::Error failed(const std::string& attempt, int error_number) {
  return {logic::ErrorCode::io_failed,
          "could not " + attempt + ": "
            + std::generic_category().message(error_number)};
}

/// Whether a read that failed had nothing to read, and nothing else is wrong.
bool only_empty(int error_number) noexcept {
  return error_number == EAGAIN || error_number == EINTR;
}

/// Milliseconds for poll, rounded up so that it does not wake too early.
int poll_timeout(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
    deadline - Clock::now());
  constexpr std::chrono::milliseconds longest{3'600'000};
  return static_cast<int>(
    std::clamp(left, std::chrono::milliseconds{0}, longest).count());
}

} // namespace

bool SignalWaiter::Wakeup::asks_to_stop() const noexcept {
  return cause == Cause::broken
         || (cause == Cause::signal && (signal == SIGINT || signal == SIGTERM));
}

logic::Result<std::unique_ptr<SignalWaiter>> SignalWaiter::create() {
  const auto set = awaited_signals();
  if (const int problem = block_awaited_signals()) {
    return failed("block signals", problem);
  }
  if (::signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
    return failed("ignore SIGPIPE", errno);
  }
  const int signal_fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signal_fd < 0) {
    return failed("open a file for signals", errno);
  }
  const int wake_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd < 0) {
    const int problem = errno;
    ::close(signal_fd);
    return failed("open a file for wake-ups", problem);
  }
  return std::unique_ptr<SignalWaiter>(new SignalWaiter(signal_fd, wake_fd));
}

SignalWaiter::SignalWaiter(int signal_fd, int wake_fd)
  : signal_fd_(signal_fd), wake_fd_(wake_fd) {}

SignalWaiter::~SignalWaiter() {
  ::close(signal_fd_);
  ::close(wake_fd_);
}

SignalWaiter::Wakeup SignalWaiter::wait(std::chrono::milliseconds timeout) {
  const bool endless = timeout < std::chrono::milliseconds{0};
  const auto deadline = Clock::now() + (endless ? Clock::duration{} : timeout);
  for (;;) {
    signalfd_siginfo received{};
    if (::read(signal_fd_, &received, sizeof received)
        == static_cast<ssize_t>(sizeof received)) {
      return {Cause::signal, static_cast<int>(received.ssi_signo)};
    }
    if (!only_empty(errno)) {
      return {Cause::broken, 0};
    }
    std::uint64_t wakes = 0;
    if (::read(wake_fd_, &wakes, sizeof wakes)
        == static_cast<ssize_t>(sizeof wakes)) {
      return {Cause::woken, 0};
    }
    if (!only_empty(errno)) {
      return {Cause::broken, 0};
    }
    if (!endless && Clock::now() >= deadline) {
      return {};
    }
    std::array<pollfd, 2> files{
      {{signal_fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}}};
    // What it returns does not matter: the files are read again either way.
    ::poll(files.data(), files.size(), endless ? -1 : poll_timeout(deadline));
  }
}

void SignalWaiter::wake() noexcept {
  const int kept = errno;
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then it is awake already.
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
  errno = kept;
}

int block_awaited_signals() noexcept {
  const auto set = awaited_signals();
  return ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void reset_signals_in_child() noexcept {
  ::signal(SIGPIPE, SIG_DFL);
  const auto set = awaited_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

} // namespace millrace::node
