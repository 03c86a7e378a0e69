#define CAF_SUITE signals

#include "node/lifecycle/signals.hpp"

#include "tests/support/child_process.hpp"
#include "tests/support/skip.hpp"

#include "caf/test/dsl.hpp"

#include <cerrno>
#include <thread>

namespace node = millrace::node;
namespace tests = millrace::tests;
using namespace std::chrono_literals;
using node::SignalWaiter;
using Cause = SignalWaiter::Cause;
using tests::run_child;

namespace {

/// The thread sanitizer dies of threads in a child of a program with threads.
bool no_threads_in_children() {
#ifdef __SANITIZE_THREAD__
  tests::skip("the thread sanitizer knows no threads after a fork");
  return true;
#else
  return false;
#endif
}

} // namespace

// Each body runs in a child process, as the test program has threads that do
// not block the signals. A body returns 0, or the number of the step that
// went wrong.

CAF_TEST(real_signals_are_waited_for_one_by_one) {
  const auto body = [] {
    auto waiter = SignalWaiter::create();
    if (!waiter) {
      return 1;
    }
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
      ::kill(::getpid(), number);
      const auto woken = (*waiter)->wait(10s);
      if (woken.cause != Cause::signal || woken.signal != number) {
        return 2;
      }
      if (woken.asks_to_stop() != (number != SIGHUP)) {
        return 3;
      }
    }
    return (*waiter)->wait(0ms).cause == Cause::timed_out ? 0 : 4;
  };
  CAF_CHECK_EQUAL(run_child(body), 0);
}

CAF_TEST(a_signal_before_anybody_waits_is_kept) {
  const auto body = [] {
    if (node::block_awaited_signals() != 0)
      return 1;
    ::kill(::getpid(), SIGTERM);
    auto waiter = SignalWaiter::create();
    if (!waiter)
      return 2;
    return (*waiter)->wait(10s).signal == SIGTERM ? 0 : 3;
  };
  CAF_CHECK_EQUAL(run_child(body), 0);
}

CAF_TEST(a_signal_ends_a_wait_that_is_under_way) {
  int ready[2];
  CAF_REQUIRE_EQUAL(::pipe(ready), 0);
  const auto child = tests::start_child([&] {
    auto waiter = SignalWaiter::create();
    if (!waiter || ::write(ready[1], "r", 1) != 1) {
      return 1;
    }
    const auto first = (*waiter)->wait(-1ms);
    if (!first.asks_to_stop() || ::write(ready[1], "r", 1) != 1) {
      return 2;
    }
    const auto second = (*waiter)->wait(-1ms);
    return second.asks_to_stop() ? 130 : 3;
  });
  char byte = 0;
  CAF_REQUIRE_EQUAL(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGTERM);
  CAF_REQUIRE_EQUAL(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGINT);
  CAF_CHECK_EQUAL(tests::wait_for(child), 130);
  ::close(ready[0]);
  ::close(ready[1]);
}

CAF_TEST(signals_that_cannot_be_read_are_told_at_once) {
  const auto body = [] {
    auto waiter = SignalWaiter::create();
    if (!waiter) {
      return 1;
    }
    constexpr unsigned first_that_is_not_standard = 3;
    if (::close_range(first_that_is_not_standard, ~0U, 0) != 0) {
      return 2;
    }
    const auto woken = (*waiter)->wait(-1ms);
    return woken.cause == Cause::broken && woken.asks_to_stop() ? 0 : 3;
  };
  CAF_CHECK_EQUAL(run_child(body), 0);
}

CAF_TEST(threads_started_later_do_not_take_the_signal) {
  if (no_threads_in_children())
    return;
  const auto body = [] {
    auto waiter = SignalWaiter::create();
    if (!waiter) {
      return 1;
    }
    std::thread other{[] { ::kill(::getpid(), SIGTERM); }};
    const auto woken = (*waiter)->wait(10s);
    other.join();
    return woken.signal == SIGTERM ? 0 : 2;
  };
  CAF_CHECK_EQUAL(run_child(body), 0);
}

CAF_TEST(another_thread_wakes_the_waiter) {
  if (no_threads_in_children())
    return;
  const auto body = [] {
    auto waiter = SignalWaiter::create();
    if (!waiter) {
      return 1;
    }
    std::thread other{[&] { (*waiter)->wake(); }};
    const auto woken = (*waiter)->wait(10s);
    other.join();
    if (woken.cause != Cause::woken || woken.signal != 0) {
      return 2;
    }
    return (*waiter)->wait(1ms).cause == Cause::timed_out ? 0 : 3;
  };
  CAF_CHECK_EQUAL(run_child(body), 0);
}

CAF_TEST(a_signal_goes_before_a_wake_and_neither_is_lost) {
  const auto body = [] {
    auto waiter = SignalWaiter::create();
    if (!waiter) {
      return 1;
    }
    (*waiter)->wake();
    (*waiter)->wake();
    ::kill(::getpid(), SIGINT);
    if ((*waiter)->wait(10s).signal != SIGINT) {
      return 2;
    }
    if ((*waiter)->wait(10s).cause != Cause::woken) {
      return 3;
    }
    return (*waiter)->wait(0ms).cause == Cause::timed_out ? 0 : 4;
  };
  CAF_CHECK_EQUAL(run_child(body), 0);
}

CAF_TEST(a_time_out_is_kept) {
  const auto body = [] {
    auto waiter = SignalWaiter::create();
    if (!waiter) {
      return 1;
    }
    const auto start = std::chrono::steady_clock::now();
    const auto woken = (*waiter)->wait(30ms);
    const auto waited = std::chrono::steady_clock::now() - start;
    if (woken.cause != Cause::timed_out) {
      return 2;
    }
    return waited >= 30ms ? 0 : 3;
  };
  CAF_CHECK_EQUAL(run_child(body), 0);
}

CAF_TEST(writing_to_a_closed_pipe_is_an_error_and_no_end) {
  const auto body = [] {
    auto waiter = SignalWaiter::create();
    int ends[2];
    if (!waiter || ::pipe(ends) != 0) {
      return 1;
    }
    ::close(ends[0]);
    return ::write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2;
  };
  CAF_CHECK_EQUAL(run_child(body), 0);
}

CAF_TEST(a_child_that_resets_can_be_terminated) {
  const auto body = [] {
    auto waiter = SignalWaiter::create();
    if (!waiter) {
      return 1;
    }
    const auto ended_by = run_child([] {
      node::reset_signals_in_child();
      ::kill(::getpid(), SIGTERM);
      return 7;
    });
    return ended_by == -SIGTERM ? 0 : 2;
  };
  CAF_CHECK_EQUAL(run_child(body), 0);
}
