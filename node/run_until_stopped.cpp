#include "node/run_until_stopped.hpp"

#include "node/logging.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

namespace millrace::node {

namespace {

constexpr std::string_view component = "node";

/// What a drain may take beyond its own deadline before the process is ended
/// from outside: a client's destructor can hang.
constexpr std::chrono::milliseconds grace{4'000};

/// Nothing more can be saved: whatever is uncommitted will be read again.
[[noreturn]] void end_process(Logging& log, ExitCode code) {
  log.flush();
  std::_Exit(to_int(code));
}

} // namespace

ExitCode stop_node(std::unique_ptr<Node> node, Logging& log,
                   SignalWaiter& waiter, std::chrono::milliseconds deadline,
                   NodeTotals* totals) {
  // On another thread, so that this one can watch signals and clock.
  ExitCode code = ExitCode::success;
  std::atomic<bool> ended = false;
  std::thread drainer{[&] {
    code = node->stop();
    if (totals != nullptr)
      *totals = node->totals();
    node.reset();
    ended = true;
    waiter.wake();
  }};
  using Cause = SignalWaiter::Cause;
  const auto until = std::chrono::steady_clock::now() + deadline + grace;
  // A wake-up alone does not mean the end: a failing part wakes us as well.
  while (!ended) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - std::chrono::steady_clock::now());
    const auto wakeup = waiter.wait(
      std::max(left, std::chrono::milliseconds{0}));
    if (wakeup.asks_to_stop()) {
      log.warn(component, "second signal, ending at once; what is unfinished "
                          "will be read again");
      end_process(log, ExitCode::interrupted);
    }
    if (wakeup.cause == Cause::timed_out && !ended) {
      log.fatal(component, "the shutdown hangs, ending the process",
                {{"deadline_ms", deadline.count()}});
      end_process(log, ExitCode::drain_incomplete);
    }
  }
  drainer.join();
  return code;
}

ExitCode run_until_stopped(const NodeConfig& config,
                           std::shared_ptr<Logging> log, SignalWaiter& waiter) {
  auto node = Node::start(config, log, [&waiter] { waiter.wake(); });
  if (!node) {
    log->fatal(component, "could not start", {{"error", node.error().text}});
    log->flush();
    return ExitCode::failure;
  }
  for (;;) {
    const auto wakeup = waiter.wait(std::chrono::milliseconds{-1});
    if (wakeup.cause == SignalWaiter::Cause::woken || wakeup.asks_to_stop())
      break;
    // SIGHUP: the file was moved away.
    if (const auto reopened = log->reopen_file(); !reopened)
      log->error(component, "could not open the log file anew",
                 {{"error", reopened.error().text}});
  }
  log->info(component, "stopping");
  return stop_node(std::move(*node), *log, waiter,
                   config.delivery.shutdown_deadline, nullptr);
}

} // namespace millrace::node
