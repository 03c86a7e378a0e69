#include "node/lifecycle/run_until_stopped.hpp"

#include "node/telemetry/logging.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

namespace millrace::node {

namespace {

constexpr std::string_view component = "node";

using Cause = SignalWaiter::Cause;
using Clock = std::chrono::steady_clock;

/// What a drain may take beyond its own deadline before the process is ended
/// from outside: a client's destructor can hang.
constexpr std::chrono::milliseconds grace{4'000};

/// A signal that follows the first so soon was sent with it: by a terminal and
/// by a supervisor, or by a supervisor to the process and to its group.
constexpr std::chrono::milliseconds same_signal{1'000};

/// Nothing more can be saved: whatever is uncommitted will be read again.
[[noreturn]] void end_process(Logging& log, ExitCode code) {
  log.flush();
  std::_Exit(to_int(code));
}

[[noreturn]] void end_hanging_process(Logging& log,
                                      std::chrono::milliseconds deadline,
                                      ExitCode code) {
  log.fatal(component, "the shutdown hangs, ending the process",
            {{"deadline_ms", deadline.count()}});
  end_process(log, code);
}

} // namespace

ExitCode code_of_start(const logic::Error& error) noexcept {
  switch (error.code) {
    case logic::ErrorCode::no_space:
      return ExitCode::disk_full;
    case logic::ErrorCode::io_failed:
    case logic::ErrorCode::unavailable:
      return ExitCode::unavailable;
    case logic::ErrorCode::invalid_config:
      return ExitCode::invalid_config;
    default:
      return ExitCode::failure;
  }
}

ExitCode stop_node(std::unique_ptr<Node> node, Logging& log,
                   SignalWaiter& waiter, std::chrono::milliseconds deadline,
                   NodeTotals* totals) {
  const auto began = Clock::now();
  const auto until = began + deadline + grace;
  const auto code_of_hang = node->failed() ? ExitCode::actor_failed
                                           : ExitCode::drain_incomplete;
  // On another thread, so that this one can watch signals and clock.
  std::promise<ExitCode> promise;
  auto outcome = promise.get_future();
  std::thread drainer;
  try {
    drainer = std::thread{[&] {
      const auto code = node->stop();
      if (totals != nullptr)
        *totals = node->totals();
      node.reset();
      promise.set_value(code);
      waiter.wake();
    }};
  } catch (const std::system_error& error) {
    log.fatal(component,
              "no thread can be started, ending at once; what is unfinished "
              "will be read again; raise the limits of memory and processes",
              {{"error", error.what()}});
    end_process(log, ExitCode::out_of_memory);
  }
  const auto ended = [&outcome](Clock::time_point time) {
    return outcome.wait_until(time) == std::future_status::ready;
  };
  // A wake-up alone does not mean the end: a failing part wakes us as well.
  while (!ended(Clock::now())) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - Clock::now());
    const auto wakeup = waiter.wait(
      std::max(left, std::chrono::milliseconds{0}));
    if (wakeup.cause == Cause::broken) {
      if (!ended(until))
        end_hanging_process(log, deadline, ExitCode::signals_lost);
    } else if (wakeup.asks_to_stop() && Clock::now() - began < same_signal) {
      log.info(component, "a second signal at once counts as the same");
    } else if (wakeup.asks_to_stop()) {
      log.warn(component, "second signal, ending at once; what is unfinished "
                          "will be read again");
      end_process(log, ExitCode::interrupted);
    } else if (wakeup.cause == Cause::timed_out && !ended(Clock::now())) {
      end_hanging_process(log, deadline, code_of_hang);
    }
  }
  drainer.join();
  return outcome.get();
}

ExitCode run_until_stopped(const NodeConfig& config,
                           std::shared_ptr<Logging> log, SignalWaiter& waiter) {
  auto node = Node::start(config, log, [&waiter] { waiter.wake(); });
  if (!node) {
    log->fatal(component, "could not start", {{"error", node.error().text}});
    log->flush();
    return code_of_start(node.error());
  }
  bool signals_lost = false;
  for (;;) {
    const auto wakeup = waiter.wait(std::chrono::milliseconds{-1});
    signals_lost = wakeup.cause == Cause::broken;
    if (wakeup.cause == Cause::woken || wakeup.asks_to_stop())
      break;
    // SIGHUP: the file was moved away.
    if (const auto reopened = log->reopen_file(); !reopened)
      log->error(component, "could not open the log file anew",
                 {{"error", reopened.error().text}});
  }
  if (signals_lost)
    log->fatal(component,
               "signals cannot be read any more, so that nobody could stop the "
               "node; it ends");
  log->info(component, "stopping");
  const auto code = stop_node(std::move(*node), *log, waiter,
                              config.delivery.shutdown_deadline, nullptr);
  return signals_lost ? ExitCode::signals_lost : code;
}

} // namespace millrace::node
