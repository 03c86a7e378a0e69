#define CAF_SUITE supervision_heartbeat

#include "tests/logic/supervision/supervision_fixture.hpp"

using namespace millrace::tests;

namespace {

/// a and b with a deadline of 5 s, c without.
GroupSpec watched(Strategy strategy = Strategy::one_for_one,
                  std::chrono::milliseconds deadline = 5s) {
  return {.name = "root",
          .strategy = strategy,
          .members = {ChildSpec{.name = "a", .hang_deadline = deadline},
                      ChildSpec{.name = "b", .hang_deadline = deadline},
                      ChildSpec{.name = "c"}}};
}

/// The machine sleeps; nobody runs.
void suspend(Supervised& f, std::chrono::milliseconds time) {
  f.now += time;
}

} // namespace

CAF_TEST(those_with_a_deadline_are_pinged_at_the_interval) {
  Supervised f{watched(), {.interval = 2s}};
  f.start();
  CAF_CHECK_EQUAL(f.wait(1'999ms), "");
  CAF_CHECK_EQUAL(f.pings.size(), 0u);
  CAF_CHECK_EQUAL(f.wait(1ms), "");
  CAF_CHECK_EQUAL(f.pings["a"], 1);
  CAF_CHECK_EQUAL(f.pings["b"], 1);
  CAF_CHECK_EQUAL(f.wait(98s), "");
  CAF_CHECK_EQUAL(f.pings["a"], 50);
  CAF_CHECK_EQUAL(f.pings["c"], 0);
}

CAF_TEST(only_one_ping_is_under_way) {
  Supervised f{watched(), {.interval = 1s}};
  f.start();
  f.mute.insert("a");
  f.wait(5'999ms);
  CAF_CHECK_EQUAL(f.pings["a"], 1);
  CAF_CHECK_EQUAL(f.pings["b"], 5);
}

CAF_TEST(who_leaves_a_ping_unanswered_has_failed) {
  Supervised f{watched(), {.interval = 1s}};
  f.start();
  f.mute.insert("a");
  const auto hanging = f.running("a");
  CAF_CHECK_EQUAL(f.wait(5'999ms), "");
  CAF_CHECK_EQUAL(f.wait(1ms), "-a");
  CAF_CHECK(f.last_stop["a"].incarnation == hanging);
  CAF_CHECK_EQUAL(f.last_stop["a"].text, "a: did not answer for 5000 ms");
  CAF_CHECK(f.last_stop["a"].hung);
  CAF_CHECK_EQUAL(f.status("a").last_error, "did not answer for 5000 ms");
  CAF_CHECK_EQUAL(f.tree.hung(), 1u);
  f.mute.clear();
  CAF_CHECK_EQUAL(f.wait(100ms), "+a");
  CAF_CHECK_EQUAL(f.wait(1h), "");
  CAF_CHECK_EQUAL(f.status("a").hung, 1u);
  CAF_CHECK_EQUAL(f.status("root").hung, 1u);
  CAF_CHECK_EQUAL(f.status("b").hung, 0u);
  // At last it wakes and ends: noted, and nothing more.
  CAF_CHECK_EQUAL(f.end("a", hanging), "");
  CAF_CHECK_EQUAL(f.tree.hung(), 0u);
  CAF_CHECK_EQUAL(f.wait(1h), "");
  CAF_CHECK(f.tree.is_current(f.id("a"), f.running("a")));
}

CAF_TEST(a_late_answer_to_an_earlier_ping_is_no_sign_of_life) {
  SupervisionTree tree{watched(), {.interval = 1s}, 1};
  TimePoint now{};
  const auto incarnation = tree.start(now)[0].incarnation;
  now += 1s;
  const auto first = tree.advance(now).at(0);
  CAF_REQUIRE(first.kind == Step::Kind::ping);
  tree.on_answer(first.child, incarnation, first.ping);
  now += 1s;
  const auto second = tree.advance(now).at(0);
  CAF_REQUIRE(second.kind == Step::Kind::ping);
  CAF_CHECK(second.ping > first.ping);
  const auto found_after = [&] {
    for (int quarter = 1; quarter <= 4; ++quarter) {
      now += 1'250ms;
      tree.on_answer(first.child, incarnation, first.ping);
      tree.on_answer(first.child, Incarnation{incarnation.value + 1},
                     second.ping);
      tree.on_answer(ChildId{2}, incarnation, second.ping);
      for (const auto& step : tree.advance(now))
        if (step.kind == Step::Kind::stop && step.child == first.child)
          return quarter;
    }
    return 0;
  };
  CAF_CHECK_EQUAL(found_after(), 4);
}

CAF_TEST(an_answer_just_in_time_is_good_enough) {
  SupervisionTree tree{watched(), {.interval = 1s}, 1};
  TimePoint now{};
  tree.start(now);
  for (int round = 0; round != 20; ++round) {
    now = std::max(now, *tree.next_due());
    std::vector<Step> asked = tree.advance(now);
    CAF_REQUIRE_EQUAL(asked.size(), 2u);
    for (int look = 0; look != 3; ++look) {
      now = *tree.next_due();
      CAF_CHECK(tree.advance(now).empty());
    }
    now += 1'250ms;
    for (const auto& step : asked)
      tree.on_answer(step.child, step.incarnation, step.ping);
  }
  CAF_CHECK_EQUAL(tree.hung(), 0u);
}

CAF_TEST(a_hang_is_found_within_twice_the_deadline_whatever_the_interval) {
  for (const auto interval : {1ms, 7ms, 99ms, 100ms, 101ms, 3'600'000ms})
    for (int sound_ms = 0; sound_ms != 250; ++sound_ms) {
      Supervised f{watched(Strategy::one_for_one, 100ms),
                   {.interval = interval}};
      f.start();
      f.wait(std::chrono::milliseconds{sound_ms});
      f.mute.insert("b");
      const auto hangs_since = f.now;
      while (f.running("b") != Incarnation{}) {
        f.now = *f.tree.next_due();
        f.advance();
      }
      CAF_REQUIRE(f.now - hangs_since <= 200ms);
      CAF_REQUIRE(f.now - hangs_since > 99ms);
    }
}

CAF_TEST(a_hang_is_found_with_small_delays_of_the_watcher_too) {
  // Every call comes 20 ms late.
  Supervised f{watched(Strategy::one_for_one, 400ms), {.interval = 1h}};
  f.start();
  f.mute.insert("b");
  while (f.running("b") != Incarnation{}) {
    f.now = *f.tree.next_due() + 20ms;
    f.advance();
  }
  CAF_CHECK(f.now <= TimePoint{} + 900ms);
}

CAF_TEST(a_watcher_that_is_always_late_finds_a_hang_nevertheless) {
  Supervised f{watched(), {.interval = 1s}};
  f.start();
  f.mute.insert("b");
  int calls = 0;
  for (; f.running("b") != Incarnation{}; ++calls) {
    CAF_REQUIRE(calls < 10);
    f.now = *f.tree.next_due() + 10s;
    f.advance();
  }
  CAF_CHECK_EQUAL(calls, 5);
}

CAF_TEST(hangs_are_treated_by_the_strategy) {
  {
    Supervised f{watched(Strategy::rest_for_one), {.interval = 1s}};
    f.start();
    f.mute.insert("a");
    CAF_CHECK_EQUAL(f.wait(6s), "-c -b -a");
    f.mute.clear();
    CAF_CHECK_EQUAL(f.wait(100ms), "+a +b +c");
  }
  for (const auto kind : {Restart::transient, Restart::temporary}) {
    GroupSpec spec{
      .name = "root",
      .strategy = Strategy::all_for_one,
      .members = {
        ChildSpec{.name = "a"},
        ChildSpec{.name = "b", .restart = kind, .hang_deadline = 5s}}};
    Supervised f{spec, {.interval = 1s}};
    f.start();
    f.mute.insert("b");
    const bool temporary = kind == Restart::temporary;
    CAF_CHECK_EQUAL(f.wait(6s), temporary ? "-b" : "-b -a");
    CAF_CHECK_EQUAL(f.tree.hung(), 1u);
    f.mute.clear();
    CAF_CHECK_EQUAL(f.wait(1h), temporary ? "" : "+a +b");
    CAF_CHECK(f.status("b").state
              == (temporary ? State::stopped : State::running));
  }
}

CAF_TEST(those_that_hang_together_in_one_fate_are_one_failure) {
  auto spec = watched(Strategy::all_for_one);
  spec.intensity.restarts = 1;
  Supervised f{spec, {.interval = 1s, .max_hung = 2}};
  f.start();
  f.mute = {"a", "b"};
  CAF_CHECK_EQUAL(f.wait(6s), "-c -b -a");
  CAF_CHECK_EQUAL(f.tree.hung(), 2u);
  CAF_CHECK_EQUAL(f.status("b").last_error, "did not answer for 5000 ms");
  f.mute.clear();
  CAF_CHECK_EQUAL(f.wait(1h), "+a +b +c");
}

CAF_TEST(those_that_hang_together_in_several_fates_are_several_failures) {
  auto spec = watched();
  spec.intensity.restarts = 1;
  Supervised f{spec, {.interval = 1s, .max_hung = 2}};
  f.start();
  f.mute = {"a", "b"};
  // The second is one restart too many.
  CAF_CHECK_EQUAL(f.wait(6s), "-a -c -b !");
  CAF_CHECK_EQUAL(f.give_up_text,
                  "root: gave up after 2 failures within 60000 ms (1 allowed); "
                  "the last: b: did not answer for 5000 ms");
}

CAF_TEST(more_hung_ones_than_allowed_are_a_failure_of_the_root) {
  Supervised f{watched(), {.interval = 1s, .max_hung = 2}};
  f.start();
  f.mute.insert("a");
  CAF_CHECK_EQUAL(f.wait(6s), "-a");
  CAF_CHECK_EQUAL(f.wait(6'100ms), "+a -a");
  CAF_CHECK_EQUAL(f.tree.hung(), 2u);
  CAF_CHECK_EQUAL(f.wait(6'200ms), "+a -c -b -a !");
  CAF_CHECK_EQUAL(f.give_up_text, "root: 3 hang (2 allowed): a, a, a");
  CAF_CHECK_EQUAL(f.status("root").last_error, "3 hang (2 allowed): a, a, a");
  CAF_CHECK_EQUAL(f.status("a").hung, 3u);
  CAF_CHECK(!f.tree.next_due().has_value());
}

CAF_TEST(where_none_may_hang_the_first_is_too_many) {
  Supervised f{watched(), {.interval = 1s, .max_hung = 0}};
  f.start();
  f.mute.insert("b");
  CAF_CHECK_EQUAL(f.wait(6s), "-c -b -a !");
  CAF_CHECK_EQUAL(f.give_up_text, "root: 1 hangs (0 allowed): b");
}

CAF_TEST(hung_ones_that_end_make_room) {
  Supervised f{watched(), {.interval = 1s, .max_hung = 1}};
  f.start();
  for (int round = 0; round != 10; ++round) {
    const auto hanging = f.running("a");
    f.mute.insert("a");
    while (f.running("a") == hanging) {
      f.now = *f.tree.next_due();
      f.advance();
    }
    CAF_REQUIRE(!f.tree.over());
    CAF_CHECK_EQUAL(f.tree.hung(), 1u);
    f.mute.clear();
    CAF_CHECK_EQUAL(f.end("a", hanging), "");
    CAF_CHECK_EQUAL(f.tree.hung(), 0u);
    CAF_CHECK_EQUAL(f.wait(2min), "+a");
  }
}

CAF_TEST(who_is_stopped_with_its_sibling_and_does_not_end_hangs_too) {
  Supervised f{watched(Strategy::all_for_one), {.interval = 1s}};
  f.start();
  const auto a = f.running("a");
  const auto b = f.running("b");
  CAF_CHECK_EQUAL(f.end("c"), "-b -a");
  f.end("a", a, Ending::normal);
  CAF_CHECK_EQUAL(f.wait(4'999ms), "+a +b +c");
  CAF_CHECK_EQUAL(f.tree.hung(), 0u);
  CAF_CHECK_EQUAL(f.wait(1ms), "");
  CAF_CHECK_EQUAL(f.tree.hung(), 1u);
  CAF_CHECK_EQUAL(f.status("b").hung, 1u);
  f.end("b", b, Ending::normal);
  CAF_CHECK_EQUAL(f.tree.hung(), 0u);
}

CAF_TEST(too_many_that_do_not_end_when_stopped_are_a_failure_of_the_root) {
  Supervised f{watched(Strategy::all_for_one), {.interval = 1s, .max_hung = 1}};
  f.start();
  f.end("c");
  CAF_CHECK_EQUAL(f.wait(5s), "+a +b +c -c -b -a !");
  CAF_CHECK_EQUAL(f.give_up_text, "root: 2 hang (1 allowed): a, b");
}

CAF_TEST(a_new_incarnation_is_not_blamed_for_the_pings_of_the_former) {
  Supervised f{watched(), {.interval = 1s}};
  f.start();
  f.mute.insert("a");
  f.wait(5'900ms);
  const auto former = f.running("a");
  CAF_CHECK_EQUAL(f.end("a", former), "");
  f.mute.clear();
  CAF_CHECK_EQUAL(f.wait(1h), "+a");
  CAF_CHECK_EQUAL(f.tree.hung(), 0u);
}

CAF_TEST(after_a_suspension_nobody_is_taken_for_hung) {
  // However far the pings are under way when the machine falls asleep.
  for (int asleep_ms = 0; asleep_ms <= 12'000; asleep_ms += 50)
    for (const auto time : {3s, 10s, 3'600s, 360'000s}) {
      Supervised f{watched(), {.interval = 1s}};
      f.start();
      // They answer, but the answers to the last pings are still to come.
      f.wait(std::chrono::milliseconds{asleep_ms});
      f.mute = {"a", "b"};
      if (const auto due = f.tree.next_due(); due && *due <= f.now + 1s) {
        f.now = std::max(f.now, *due);
        f.advance();
      }
      suspend(f, time);
      CAF_REQUIRE_EQUAL(f.advance(), "");
      // Awake again, they have more than half the deadline to answer.
      CAF_REQUIRE_EQUAL(f.wait(2'500ms), "");
      CAF_REQUIRE_EQUAL(f.tree.hung(), 0u);
    }
}

CAF_TEST(after_a_suspension_a_real_hang_is_still_found) {
  Supervised f{watched(), {.interval = 1s}};
  f.start();
  f.mute.insert("a");
  f.wait(3s);
  suspend(f, 1h);
  CAF_CHECK_EQUAL(f.advance(), "");
  CAF_CHECK_EQUAL(f.wait(5s).substr(0, 2), "-a");
}

CAF_TEST(suspended_again_and_again_they_are_not_taken_for_hung) {
  Supervised f{watched(), {.interval = 1s}};
  f.start();
  f.mute = {"a", "b"};
  for (int nap = 0; nap != 100; ++nap) {
    CAF_CHECK_EQUAL(f.wait(1s), "");
    suspend(f, 1h);
    CAF_CHECK_EQUAL(f.advance(), "");
    CAF_CHECK_EQUAL(f.wait(10ms), "");
    suspend(f, 1h);
    CAF_CHECK_EQUAL(f.advance(), "");
    CAF_CHECK_EQUAL(f.wait(10ms), "");
    f.answer();
  }
  CAF_CHECK_EQUAL(f.tree.hung(), 0u);
  CAF_CHECK_EQUAL(f.pings["a"], 100);
}

CAF_TEST(after_a_suspension_who_was_stopped_is_not_taken_for_hung) {
  Supervised f{watched(Strategy::all_for_one), {.interval = 1s}};
  f.start();
  const auto a = f.running("a");
  const auto b = f.running("b");
  f.end("c");
  suspend(f, 1h);
  CAF_CHECK_EQUAL(f.advance(), "+a +b +c");
  CAF_CHECK_EQUAL(f.tree.hung(), 0u);
  f.end("a", a);
  f.end("b", b);
  CAF_CHECK_EQUAL(f.wait(1h), "");
  CAF_CHECK_EQUAL(f.tree.hung(), 0u);
}

CAF_TEST(after_the_stop_nobody_is_asked_or_missed) {
  Supervised f{watched(), {.interval = 1s}};
  f.start();
  f.mute = {"a", "b"};
  f.wait(3s);
  f.stop();
  CAF_CHECK(!f.tree.next_due().has_value());
  for (int second = 0; second != 60; ++second, f.now += 1s)
    CAF_CHECK_EQUAL(f.advance(), "");
  CAF_CHECK_EQUAL(f.tree.hung(), 0u);
}

CAF_TEST(a_silence_counts_what_was_seen_awake) {
  const TimePoint asked{};
  Silence silence{100ms, asked};
  CAF_CHECK(silence.next_look() == asked + 25ms);
  silence.look(asked + 50ms); // late, but not asleep
  CAF_CHECK(silence.next_look() == asked + 75ms);
  silence.look(asked + 101ms); // asleep: counts as 25 ms
  CAF_CHECK(!silence.too_long());
  CAF_CHECK(silence.next_look() == asked + 126ms);
  silence.look(asked + 116ms);
  CAF_CHECK(silence.next_look() == asked + 126ms);
  silence.look(asked + 126ms);
  CAF_CHECK(silence.too_long());
}

CAF_TEST(no_single_look_finds_a_silence_too_long) {
  for (const auto deadline : {1ms, 2ms, 3ms, 5'000ms})
    for (std::chrono::milliseconds gap = 1ms; gap < 30s; gap = gap * 2 + 1ms) {
      Silence silence{deadline, TimePoint{}};
      silence.look(TimePoint{} + gap);
      CAF_CHECK(!silence.too_long());
      CAF_CHECK(silence.next_look() > TimePoint{} + gap);
    }
}
