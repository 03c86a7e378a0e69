#define CAF_SUITE circuit_breaker

#include "logic/delivery/circuit_breaker.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <vector>

using namespace millrace::logic;
using std::chrono::milliseconds;

namespace {

using TimePoint = CircuitBreaker::TimePoint;

CircuitBreakerConfig some_config() {
  return {3, {milliseconds{100}, milliseconds{400}}, 2, milliseconds{50}};
}

struct Fixture {
  CircuitBreaker breaker{some_config()};
  TimePoint now{};

  CircuitState state() const { return breaker.state(now); }
  bool allows() { return breaker.allows(now); }
  void fail(int times = 1) {
    for (int time = 0; time != times; ++time)
      breaker.on_failure(now);
  }
  void succeed() { breaker.on_success(now); }
  void wait(int ms) { now += milliseconds{ms}; }
};

/// The same by brute force: a clock that ticks every millisecond and does
/// what is due at each tick.
struct Ticking {
  CircuitBreakerConfig config;
  CircuitState state = CircuitState::closed;
  CircuitTransitions transitions{};
  int failures = 0;
  int successes = 0;
  std::int64_t next_wait = config.open_for.first.count();
  std::int64_t wait_left = 0;
  std::optional<std::int64_t> probe_left{};

  void advance() {
    if (probe_left && *probe_left <= 0)
      open();
    if (state == CircuitState::open && wait_left <= 0) {
      state = CircuitState::half_open;
      successes = 0;
      ++transitions.half_opened;
    }
  }
  void tick() {
    --wait_left;
    if (probe_left)
      --*probe_left;
    advance();
  }
  void open() {
    state = CircuitState::open;
    probe_left.reset();
    failures = 0;
    wait_left = next_wait;
    next_wait = std::min<std::int64_t>(next_wait * 2,
                                       config.open_for.longest.count());
    ++transitions.opened;
  }
  bool allows() {
    advance();
    if (state == CircuitState::half_open && !probe_left) {
      probe_left = config.probe_deadline.count();
      return true;
    }
    return state == CircuitState::closed;
  }
  void succeed() {
    advance();
    failures = 0;
    if (!probe_left)
      return;
    probe_left.reset();
    if (++successes < static_cast<int>(config.successes_to_close))
      return;
    state = CircuitState::closed;
    next_wait = config.open_for.first.count();
    ++transitions.closed;
  }
  void fail() {
    advance();
    if (state == CircuitState::closed)
      ++failures;
    if (probe_left || failures >= static_cast<int>(config.failures_to_open))
      open();
  }
  /// In how many ticks a call is allowed again.
  int ticks_until_allowed() const {
    auto later = *this;
    later.advance();
    for (int ticks = 0;; ++ticks, later.tick())
      if (later.state == CircuitState::half_open && !later.probe_left)
        return ticks;
  }
};

/// Where the two disagree, if anywhere.
const char* difference(CircuitBreaker& breaker, Ticking& model, TimePoint now) {
  auto settled = model;
  settled.advance();
  if (breaker.state(now) != settled.state)
    return "state";
  if (breaker.failures() != static_cast<std::uint32_t>(model.failures))
    return "failures";
  const auto next = breaker.next_probe();
  if (next.has_value() != (model.state != CircuitState::closed))
    return "whether a probe is due";
  if (next
      && std::max(*next, now)
           != now + milliseconds{model.ticks_until_allowed()})
    return "next probe";
  return nullptr;
}

/// Every sequence of calls and milliseconds, to the given length.
std::size_t explore(const CircuitBreaker& breaker, const Ticking& model,
                    TimePoint now, int length) {
  if (length == 0)
    return 1;
  std::size_t sequences = 0;
  for (int step = 0; step != 4; ++step) {
    auto one = breaker;
    auto other = model;
    auto then = now;
    if (step == 0 && one.allows(then) != other.allows())
      CAF_FAIL("they disagree on allows");
    if (step == 1) {
      one.on_success(then);
      other.succeed();
    } else if (step == 2) {
      one.on_failure(then);
      other.fail();
    } else if (step == 3) {
      then += milliseconds{1};
      other.tick();
    }
    if (step != 3 && one.transitions() != other.transitions)
      CAF_FAIL("they disagree on transitions");
    if (const auto* what = difference(one, other, then))
      CAF_FAIL("they disagree on " << what);
    sequences += explore(one, other, then, length - 1);
  }
  return sequences;
}

} // namespace

CAF_TEST(closed_lets_everything_through_and_opens_at_failures_in_succession) {
  Fixture f;
  CAF_CHECK(f.allows());
  f.fail(2);
  f.succeed();
  f.fail(2);
  CAF_CHECK(f.state() == CircuitState::closed);
  CAF_CHECK_EQUAL(f.breaker.failures(), 2u);
  CAF_CHECK(!f.breaker.next_probe());
  CAF_CHECK(f.allows());
  f.fail();
  CAF_CHECK(f.state() == CircuitState::open);
  CAF_CHECK(!f.allows());
  CAF_CHECK_EQUAL(f.breaker.transitions().opened, 1u);
}

CAF_TEST(open_lets_nothing_through_until_its_time_and_then_one_probe) {
  Fixture f;
  f.fail(3);
  CAF_CHECK(*f.breaker.next_probe() == f.now + milliseconds{100});
  f.wait(99);
  CAF_CHECK(!f.allows());
  f.wait(1);
  CAF_CHECK(f.state() == CircuitState::half_open);
  CAF_CHECK(f.allows());
  CAF_CHECK(!f.allows());
  CAF_CHECK(f.state() == CircuitState::half_open);
  CAF_CHECK_EQUAL(f.breaker.transitions().half_opened, 1u);
}

CAF_TEST(enough_probes_in_succession_close_it) {
  Fixture f;
  f.fail(3);
  f.wait(100);
  CAF_CHECK(f.allows());
  f.succeed();
  CAF_CHECK(f.state() == CircuitState::half_open);
  CAF_CHECK(f.allows());
  f.succeed();
  CAF_CHECK(f.state() == CircuitState::closed);
  CAF_CHECK(f.allows());
  CAF_CHECK(f.allows());
  CAF_CHECK((f.breaker.transitions() == CircuitTransitions{1, 1, 1}));
}

CAF_TEST(every_failed_probe_doubles_the_wait_up_to_the_longest) {
  Fixture f;
  f.fail(3);
  for (const int wait : {100, 200, 400, 400, 400}) {
    CAF_CHECK(*f.breaker.next_probe() == f.now + milliseconds{wait});
    f.wait(wait);
    CAF_CHECK(f.allows());
    f.fail();
  }
  f.wait(400);
  for (int probe = 0; probe != 2; ++probe) {
    CAF_CHECK(f.allows());
    f.succeed();
  }
  CAF_CHECK(f.state() == CircuitState::closed);
  // Closed is forgiven: the next time begins small.
  f.fail(3);
  CAF_CHECK(*f.breaker.next_probe() == f.now + milliseconds{100});
}

CAF_TEST(a_probe_that_fails_after_successful_ones_starts_over) {
  Fixture f;
  f.fail(3);
  f.wait(100);
  CAF_CHECK(f.allows());
  f.succeed();
  CAF_CHECK(f.allows());
  f.fail();
  CAF_CHECK(f.state() == CircuitState::open);
  f.wait(200);
  CAF_CHECK(f.allows());
  f.succeed();
  CAF_CHECK(f.state() == CircuitState::half_open);
}

CAF_TEST(reports_on_calls_from_before_it_opened_change_nothing) {
  Fixture f;
  f.fail(3);
  const auto due = f.breaker.next_probe();
  f.wait(60);
  f.fail(5);
  f.succeed();
  CAF_CHECK(f.breaker.next_probe() == due);
  CAF_CHECK(f.state() == CircuitState::open);
  // Due, but no probe is out that these could be of.
  f.wait(40);
  f.fail();
  f.succeed();
  CAF_CHECK(f.state() == CircuitState::half_open);
  CAF_CHECK_EQUAL(f.breaker.transitions().opened, 1u);
}

CAF_TEST(a_probe_that_is_never_heard_of_again_counts_as_failed) {
  Fixture f;
  f.fail(3);
  f.wait(100);
  CAF_CHECK(f.allows());
  CAF_CHECK(*f.breaker.next_probe() == f.now + milliseconds{50 + 200});
  f.wait(50);
  CAF_CHECK(f.state() == CircuitState::open);
  f.succeed(); // too late
  CAF_CHECK(f.state() == CircuitState::open);
  f.wait(199);
  CAF_CHECK(!f.allows());
  f.wait(1);
  CAF_CHECK(f.allows());
  CAF_CHECK((f.breaker.transitions() == CircuitTransitions{2, 2, 0}));
}

CAF_TEST(a_probe_that_was_not_made_may_be_made_later) {
  Fixture f;
  f.fail(3);
  f.wait(100);
  CAF_CHECK(f.allows());
  CAF_CHECK(!f.allows());
  f.breaker.on_unused(f.now);
  CAF_CHECK(*f.breaker.next_probe() == f.now);
  CAF_CHECK(f.allows());
  CAF_CHECK((f.breaker.transitions() == CircuitTransitions{1, 1, 0}));
}

CAF_TEST(states_have_names) {
  CAF_CHECK_EQUAL(to_string(CircuitState::closed), "closed");
  CAF_CHECK_EQUAL(to_string(CircuitState::open), "open");
  CAF_CHECK_EQUAL(to_string(CircuitState::half_open), "half_open");
}

CAF_TEST(every_short_history_agrees_with_a_ticking_clock) {
  const std::vector<CircuitBreakerConfig> configs{
    {1, {milliseconds{1}, milliseconds{4}}, 1, milliseconds{1}},
    {2, {milliseconds{1}, milliseconds{2}}, 2, milliseconds{2}},
    {1, {milliseconds{2}, milliseconds{3}}, 2, milliseconds{1}},
    {3, {milliseconds{1}, milliseconds{1}}, 1, milliseconds{3}},
    {1, {milliseconds{0}, milliseconds{0}}, 1, milliseconds{2}},
  };
  for (const auto& config : configs)
    CAF_CHECK_EQUAL(explore(CircuitBreaker{config}, Ticking{config}, {}, 8),
                    65'536u);
}

CAF_TEST(long_histories_agree_with_a_ticking_clock) {
  for (std::uint32_t seed = 0; seed != 200; ++seed) {
    std::mt19937_64 random{seed};
    const CircuitBreakerConfig config{
      static_cast<std::uint32_t>(1 + random() % 4),
      {milliseconds{1 + random() % 8}, milliseconds{8 + random() % 60}},
      static_cast<std::uint32_t>(1 + random() % 3),
      milliseconds{1 + random() % 10}};
    CircuitBreaker breaker{config};
    Ticking model{config};
    TimePoint now{};
    for (int step = 0; step != 1'000; ++step) {
      const auto kind = random() % 8;
      if (kind < 3) {
        CAF_REQUIRE_EQUAL(breaker.allows(now), model.allows());
      } else if (kind == 3) {
        breaker.on_success(now);
        model.succeed();
      } else if (kind < 6) {
        breaker.on_failure(now);
        model.fail();
      } else {
        const auto ticks = random() % (kind == 6 ? 4 : 100);
        for (std::uint64_t tick = 0; tick != ticks; ++tick)
          model.tick();
        now += milliseconds{ticks};
      }
      if (const auto* what = difference(breaker, model, now))
        CAF_FAIL("seed " << seed << ", step " << step << ": " << what);
    }
  }
}

CAF_TEST(a_dead_service_is_hardly_called_and_a_revived_one_soon_used_again) {
  const CircuitBreakerConfig config{
    5, {milliseconds{100}, milliseconds{1'600}}, 2, milliseconds{10'000}};
  for (std::uint64_t seed = 0; seed != 100; ++seed) {
    std::mt19937_64 random{seed};
    CircuitBreaker breaker{config};
    const TimePoint revived{milliseconds{5'000 + random() % 60'000}};
    TimePoint now{};
    std::uint64_t calls_to_the_dead = 0;
    for (; now < revived; now += milliseconds{1 + random() % 3})
      if (breaker.allows(now)) {
        ++calls_to_the_dead;
        breaker.on_failure(now);
      }
    // Five to open it, five while the wait grows, then one per longest wait.
    const auto dead_for = static_cast<std::uint64_t>((revived - TimePoint{})
                                                     / milliseconds{1'600});
    CAF_CHECK_LESS_OR_EQUAL(calls_to_the_dead, 5 + 5 + dead_for);
    now = std::max(now, *breaker.next_probe());
    CAF_CHECK(now <= revived + milliseconds{1'603});
    for (int probe = 0; probe != 2; ++probe) {
      CAF_REQUIRE(breaker.allows(now));
      breaker.on_success(now);
    }
    CAF_CHECK(breaker.state(now) == CircuitState::closed);
  }
}
