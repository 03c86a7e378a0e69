#define CAF_SUITE supervision_escalation

#include "tests/logic/supervision/supervision_fixture.hpp"

using namespace millrace::tests;
using millrace::logic::BackOff;

namespace {

/// root (2 restarts within 60 s) of a, lanes (1 within 10 s) of b, inmost
/// (1 within 10 s) of c and d; and e.
GroupSpec three_levels(Strategy outer = Strategy::one_for_one) {
  return {
    .name = "root",
    .strategy = outer,
    .intensity = {2, 60s},
    .members = {
      ChildSpec{.name = "a"},
      GroupSpec{.name = "lanes",
                .intensity = {1, 10s},
                .members = {ChildSpec{.name = "b"},
                            GroupSpec{.name = "inmost",
                                      .intensity = {1, 10s},
                                      .members = {ChildSpec{.name = "c"},
                                                  ChildSpec{.name = "d"}}}}},
      ChildSpec{.name = "e"}}};
}

GroupSpec one_group(Intensity intensity, BackOff back_off,
                    Strategy strategy = Strategy::one_for_one) {
  return {.name = "root",
          .strategy = strategy,
          .intensity = intensity,
          .back_off = back_off,
          .members = {ChildSpec{.name = "a"}, ChildSpec{.name = "b"}}};
}

} // namespace

CAF_TEST(the_root_gives_up_after_more_restarts_than_allowed) {
  for (const auto strategy :
       {Strategy::one_for_one, Strategy::rest_for_one, Strategy::all_for_one}) {
    Supervised f{one_group({3, 60s}, {}, strategy)};
    f.start();
    for (int restart = 0; restart != 3; ++restart) {
      f.end("b");
      f.wait(1s);
    }
    CAF_CHECK_EQUAL(f.end("b", Ending::failure, "disk full"), "-a !");
    CAF_CHECK_EQUAL(f.give_up_text,
                    "root: gave up after 4 failures within 60000 ms "
                    "(3 allowed); the last: b: disk full");
    CAF_CHECK(f.tree.over());
    CAF_CHECK(!f.tree.next_due().has_value());
    f.now += 1h;
    CAF_CHECK_EQUAL(f.advance(), "");
    CAF_CHECK_EQUAL(f.stop(), "");
    CAF_CHECK(f.status("root").state == State::given_up);
    CAF_CHECK(f.status("a").state == State::given_up);
    CAF_CHECK(f.status("b").state == State::given_up);
    CAF_CHECK_EQUAL(f.status("b").last_error, "disk full");
  }
}

CAF_TEST(where_no_restart_is_allowed_the_first_failure_is_the_last) {
  Supervised f{one_group({0, 60s}, {})};
  f.start();
  CAF_CHECK_EQUAL(f.end("a", Ending::failure, "x"), "-b !");
  CAF_CHECK_EQUAL(f.give_up_text,
                  "root: gave up after 1 failure within 60000 ms (0 allowed); "
                  "the last: a: x");
}

CAF_TEST(restarts_of_all_members_count_together) {
  Supervised f{one_group({3, 60s}, {})};
  f.start();
  f.end("a");
  f.end("b");
  f.wait(1s);
  f.end("a");
  CAF_CHECK_EQUAL(f.end("b"), "!");
}

CAF_TEST(what_lies_before_the_window_does_not_count) {
  Supervised f{one_group({1, 10s}, {})};
  f.start();
  for (int failure = 0; failure != 50; ++failure) {
    CAF_CHECK_EQUAL(f.end("a"), "");
    CAF_CHECK_EQUAL(f.wait(10s + 1ms), "+a");
  }
  f.end("a");
  f.wait(10s);
  CAF_CHECK_EQUAL(f.end("a"), "-b !");
}

CAF_TEST(what_is_not_restarted_does_not_count) {
  auto spec = one_group({0, 60s}, {});
  spec.members.push_back(ChildSpec{.name = "c", .restart = Restart::transient});
  spec.members.push_back(ChildSpec{.name = "d", .restart = Restart::temporary});
  Supervised f{spec};
  f.start();
  CAF_CHECK_EQUAL(f.end("c", Ending::normal), "");
  CAF_CHECK_EQUAL(f.end("d"), "");
  CAF_CHECK_EQUAL(f.stop(), "-b -a");
}

CAF_TEST(a_group_with_too_many_restarts_is_a_failed_member_of_its_parent) {
  Supervised f{three_levels()};
  f.start();
  f.end("c");
  f.wait(1s);
  CAF_CHECK_EQUAL(f.end("c"), "-d");
  CAF_CHECK(f.status("inmost").state == State::waiting);
  CAF_CHECK(f.status("lanes").state == State::running);
  CAF_CHECK_EQUAL(f.status("inmost").last_error,
                  "gave up after 2 failures within 10000 ms (1 allowed); the "
                  "last: c: boom");
  CAF_CHECK(f.wait_of("inmost") <= 100ms);
  CAF_CHECK(!f.status("c").restart_due.has_value());
  CAF_CHECK(f.status("c").state == State::waiting);
  CAF_CHECK_EQUAL(f.wait(100ms), "+c +d");
  CAF_CHECK_EQUAL(f.status("inmost").restarts, 1u);
}

CAF_TEST(a_group_started_again_has_forgotten_its_restarts) {
  Supervised f{three_levels()};
  f.start();
  f.end("c");
  f.end("d");
  CAF_CHECK_EQUAL(f.wait(100ms), "+c +d");
  CAF_CHECK_EQUAL(f.end("c"), "");
  CAF_CHECK(f.wait_of("c") <= 100ms);
  CAF_CHECK_EQUAL(f.wait(100ms), "+c");
}

CAF_TEST(escalation_goes_up_level_by_level) {
  Supervised f{three_levels()};
  f.start();
  std::vector<std::string> words;
  // The second failure of each pair is inmost's, every second of those that
  // of lanes, and the third of those is one too many for the root.
  for (int failure = 1; !f.tree.over(); ++failure) {
    CAF_REQUIRE(failure <= 12);
    words.push_back(
      f.end("c", Ending::failure, "error " + std::to_string(failure)));
    f.wait(500ms);
  }
  const std::vector<std::string> round{"", "-d", "", "-d -b"};
  CAF_REQUIRE_EQUAL(words.size(), 12u);
  for (std::size_t index = 0; index != 11; ++index)
    CAF_CHECK_EQUAL(words[index], round[index % 4]);
  CAF_CHECK_EQUAL(words[11], "-e -d -b -a !");
  CAF_CHECK_EQUAL(
    f.give_up_text,
    "root: gave up after 3 failures within 60000 ms (2 allowed); the last: "
    "lanes: gave up after 2 failures within 10000 ms (1 allowed); the last: "
    "inmost: gave up after 2 failures within 10000 ms (1 allowed); the last: "
    "c: error 12");
}

CAF_TEST(the_parents_strategy_rules_when_a_group_fails) {
  const std::vector<std::pair<Strategy, std::string>> expected{
    {Strategy::one_for_one, "-d -c"},
    {Strategy::rest_for_one, "-e -d -c"},
    {Strategy::all_for_one, "-e -d -c -a"}};
  for (const auto& [strategy, words] : expected) {
    auto spec = three_levels(strategy);
    std::get<GroupSpec>(spec.members[1].spec).intensity.restarts = 0;
    Supervised f{spec};
    f.start();
    CAF_CHECK_EQUAL(f.end("b"), words);
    f.wait(100ms);
    for (const auto* name : {"a", "b", "c", "d", "e"})
      CAF_CHECK(f.running(name) != Incarnation{});
    CAF_CHECK_EQUAL(f.status("a").restarts,
                    strategy == Strategy::all_for_one ? 1u : 0u);
    CAF_CHECK_EQUAL(f.status("e").restarts,
                    strategy == Strategy::one_for_one ? 0u : 1u);
  }
}

CAF_TEST(the_restart_of_a_group_takes_over_what_waits_in_it) {
  auto spec = three_levels();
  spec.back_off = {5s, 5s};
  Supervised f{spec};
  f.start();
  f.end("d");
  CAF_CHECK(f.status("d").restart_due.has_value());
  f.end("c");
  CAF_CHECK(!f.status("d").restart_due.has_value());
  f.end("b");
  // Now lanes has failed, and nothing in it is started before it.
  CAF_CHECK(f.status("lanes").state == State::waiting);
  CAF_CHECK(!f.status("inmost").restart_due.has_value());
  CAF_CHECK_EQUAL(f.wait(2'499ms), "");
  CAF_CHECK_EQUAL(f.wait(2'501ms), "+b +c +d");
}

CAF_TEST(a_temporary_group_that_fails_is_given_up_and_disturbs_nobody) {
  auto spec = three_levels(Strategy::all_for_one);
  spec.intensity.restarts = 0;
  auto& lanes = std::get<GroupSpec>(spec.members[1].spec);
  lanes.restart = Restart::temporary;
  lanes.intensity.restarts = 0;
  Supervised f{spec};
  f.start();
  CAF_CHECK_EQUAL(f.end("b", Ending::failure, "no luck"), "-d -c");
  CAF_CHECK(!f.tree.next_due().has_value());
  CAF_CHECK(f.status("lanes").state == State::given_up);
  CAF_CHECK(f.status("c").state == State::given_up);
  CAF_CHECK(f.status("a").state == State::running);
  CAF_CHECK_EQUAL(f.status("lanes").last_error,
                  "gave up after 1 failure within 10000 ms (0 allowed); the "
                  "last: b: no luck");
  CAF_CHECK_EQUAL(f.stop(), "-e -a");
  CAF_CHECK(f.status("lanes").state == State::given_up);
}

CAF_TEST(the_wait_doubles_with_every_restart_in_the_window) {
  std::set<std::chrono::milliseconds> shortest_wait;
  for (std::uint64_t seed = 0; seed != 100; ++seed) {
    Supervised f{one_group({20, 24h}, {100ms, 1'600ms}), {}, seed};
    f.start();
    auto delay = 100ms;
    for (int failure = 0; failure != 8; ++failure) {
      f.end("a");
      const auto wait = f.wait_of("a");
      CAF_CHECK(wait >= delay / 2);
      CAF_CHECK(wait <= delay);
      if (failure == 0)
        shortest_wait.insert(wait);
      CAF_CHECK_EQUAL(f.wait(wait - 1ms), "");
      CAF_CHECK_EQUAL(f.wait(1ms), "+a");
      delay = std::min<std::chrono::milliseconds>(1'600ms, delay * 2);
    }
  }
  CAF_CHECK(shortest_wait.size() > 30);
}

CAF_TEST(when_the_window_has_passed_the_wait_is_short_again) {
  Supervised f{one_group({20, 10s}, {100ms, 10s})};
  f.start();
  for (int failure = 0; failure != 5; ++failure) {
    f.end("a");
    f.wait(f.wait_of("a"));
  }
  f.end("a");
  CAF_CHECK(f.wait_of("a") >= 1'600ms);
  f.wait(10s + 1ms);
  CAF_CHECK_EQUAL(f.end("a"), "");
  CAF_CHECK(f.wait_of("a") <= 100ms);
}

CAF_TEST(nested_groups_wait_by_their_own_back_off) {
  auto spec = three_levels();
  spec.back_off = {4s, 4s};
  std::get<GroupSpec>(spec.members[1].spec).back_off = {20ms, 20ms};
  Supervised f{spec};
  f.start();
  f.end("b");
  CAF_CHECK(f.wait_of("b") <= 20ms);
  f.wait(20ms);
  f.end("b");
  CAF_CHECK(f.wait_of("lanes") >= 2s);
  CAF_CHECK(f.wait_of("lanes") <= 4s);
}

CAF_TEST(with_the_defaults_one_that_always_fails_is_tried_for_ever) {
  // What is said of Intensity: no more than 18 waits fit into the window.
  for (std::uint64_t seed = 0; seed != 20; ++seed) {
    Supervised f{one_group({}, {}), {}, seed};
    f.start();
    std::vector<TimePoint> failures;
    while (f.now < TimePoint{} + 1h) {
      f.end("a");
      failures.push_back(f.now);
      f.wait(f.wait_of("a"));
      CAF_REQUIRE(!f.tree.over());
    }
    const auto first_minute = std::ranges::count_if(
      failures, [](TimePoint time) { return time <= TimePoint{} + 60s; });
    CAF_CHECK(first_minute >= 12);
    CAF_CHECK(first_minute <= 18);
  }
}
