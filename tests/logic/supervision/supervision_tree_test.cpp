#define CAF_SUITE supervision_tree

#include "tests/logic/supervision/supervision_fixture.hpp"

#include <random>

using namespace millrace::tests;
using millrace::logic::BackOff;

namespace {

GroupSpec flat(Strategy strategy, Restart kind_of_b) {
  return {.name = "root",
          .strategy = strategy,
          .members = {ChildSpec{.name = "a"},
                      ChildSpec{.name = "b", .restart = kind_of_b},
                      ChildSpec{.name = "c"}}};
}

/// A group of two between two others.
GroupSpec nested(Strategy outer, Strategy inner = Strategy::one_for_one) {
  return {
    .name = "root",
    .strategy = outer,
    .members = {
      ChildSpec{.name = "a"},
      GroupSpec{.name = "lanes",
                .strategy = inner,
                .members = {ChildSpec{.name = "b"},
                            GroupSpec{.name = "inmost",
                                      .strategy = inner,
                                      .members = {ChildSpec{.name = "c"},
                                                  ChildSpec{.name = "d"}}}}},
      ChildSpec{.name = "e"}}};
}

constexpr auto all_strategies = {Strategy::one_for_one, Strategy::rest_for_one,
                                 Strategy::all_for_one};

} // namespace

CAF_TEST(all_start_in_the_order_of_the_spec) {
  Supervised f{nested(Strategy::one_for_one)};
  CAF_CHECK(!f.tree.next_due().has_value());
  CAF_CHECK(f.tree.advance(f.now).empty());
  CAF_CHECK_EQUAL(f.start(), "+a +b +c +d +e");
  CAF_CHECK_EQUAL(f.tree.children(), 5u);
  for (std::uint32_t id = 0; id != 5; ++id) {
    const auto& name = f.tree.name(ChildId{id});
    CAF_CHECK_EQUAL(name, std::string(1, static_cast<char>('a' + id)));
    CAF_CHECK(f.running(name) == Incarnation{id + 1});
    CAF_CHECK(f.tree.is_current(ChildId{id}, Incarnation{id + 1}));
    CAF_CHECK(!f.tree.is_current(ChildId{id}, Incarnation{id}));
  }
  CAF_CHECK(!f.tree.next_due().has_value());
}

CAF_TEST(it_is_known_who_is_below_a_group) {
  Supervised f{nested(Strategy::one_for_one)};
  const auto ids = [](std::uint32_t first, std::uint32_t last) {
    std::vector<ChildId> range;
    for (auto id = first; id <= last; ++id)
      range.push_back(ChildId{id});
    return range;
  };
  CAF_CHECK(f.tree.below("root") == ids(0, 4));
  CAF_CHECK(f.tree.below("lanes") == ids(1, 3));
  CAF_CHECK(f.tree.below("inmost") == ids(2, 3));
  CAF_CHECK(f.tree.below("a").empty());
  CAF_CHECK(f.tree.below("nobody").empty());
}

CAF_TEST(every_strategy_with_every_restart_kind_and_ending) {
  struct Row {
    Strategy strategy;
    Restart kind;
    Ending ending;
    std::string at_once;
    std::string later;
    std::string on_stop;
  };
  using enum Strategy;
  using enum Restart;
  using enum Ending;
  const std::vector<Row> rows{
    {one_for_one, permanent, normal, "", "+b", "-c -b -a"},
    {one_for_one, permanent, failure, "", "+b", "-c -b -a"},
    {one_for_one, transient, normal, "", "", "-c -a"},
    {one_for_one, transient, failure, "", "+b", "-c -b -a"},
    {one_for_one, temporary, normal, "", "", "-c -a"},
    {one_for_one, temporary, failure, "", "", "-c -a"},
    {rest_for_one, permanent, normal, "-c", "+b +c", "-c -b -a"},
    {rest_for_one, permanent, failure, "-c", "+b +c", "-c -b -a"},
    {rest_for_one, transient, normal, "", "", "-c -a"},
    {rest_for_one, transient, failure, "-c", "+b +c", "-c -b -a"},
    {rest_for_one, temporary, normal, "", "", "-c -a"},
    {rest_for_one, temporary, failure, "", "", "-c -a"},
    {all_for_one, permanent, normal, "-c -a", "+a +b +c", "-c -b -a"},
    {all_for_one, permanent, failure, "-c -a", "+a +b +c", "-c -b -a"},
    {all_for_one, transient, normal, "", "", "-c -a"},
    {all_for_one, transient, failure, "-c -a", "+a +b +c", "-c -b -a"},
    {all_for_one, temporary, normal, "", "", "-c -a"},
    {all_for_one, temporary, failure, "", "", "-c -a"},
  };
  for (const auto& row : rows) {
    Supervised f{flat(row.strategy, row.kind)};
    f.start();
    CAF_CHECK_EQUAL(f.end("b", row.ending), row.at_once);
    CAF_CHECK_EQUAL(f.tree.next_due().has_value(), !row.later.empty());
    CAF_CHECK_EQUAL(f.wait(100ms), row.later);
    CAF_CHECK_EQUAL(f.wait(1h), "");
    CAF_CHECK_EQUAL(f.stop(), row.on_stop);
  }
}

CAF_TEST(a_nested_group_is_stopped_in_reverse_and_restarted_in_order) {
  Supervised f{nested(Strategy::rest_for_one)};
  f.start();
  CAF_CHECK_EQUAL(f.end("a"), "-e -d -c -b");
  CAF_CHECK_EQUAL(f.wait(100ms), "+a +b +c +d +e");
}

CAF_TEST(strategies_of_nested_groups_do_not_reach_out_of_them) {
  Supervised f{nested(Strategy::all_for_one, Strategy::rest_for_one)};
  f.start();
  CAF_CHECK_EQUAL(f.end("d"), "");
  CAF_CHECK_EQUAL(f.wait(100ms), "+d");
  CAF_CHECK_EQUAL(f.end("c"), "-d");
  CAF_CHECK_EQUAL(f.wait(200ms), "+c +d");
  CAF_CHECK_EQUAL(f.end("b"), "-d -c");
  CAF_CHECK_EQUAL(f.wait(100ms), "+b +c +d");
  CAF_CHECK_EQUAL(f.end("e"), "-d -c -b -a");
  CAF_CHECK_EQUAL(f.wait(100ms), "+a +b +c +d +e");
}

CAF_TEST(one_that_ended_normally_is_started_with_its_group) {
  Supervised f{flat(Strategy::all_for_one, Restart::transient)};
  f.start();
  f.end("b", Ending::normal);
  CAF_CHECK_EQUAL(f.end("c"), "-a");
  CAF_CHECK_EQUAL(f.wait(100ms), "+a +b +c");
}

CAF_TEST(a_temporary_one_stays_down_when_its_sibling_fails) {
  for (const bool had_ended : {false, true}) {
    Supervised f{flat(Strategy::all_for_one, Restart::temporary)};
    f.start();
    if (had_ended)
      f.end("b");
    CAF_CHECK_EQUAL(f.end("c"), had_ended ? "-a" : "-b -a");
    CAF_CHECK_EQUAL(f.wait(100ms), "+a +c");
    CAF_CHECK(f.status("b").state == State::stopped);
    CAF_CHECK(!f.status("b").restart_due.has_value());
  }
}

CAF_TEST(a_temporary_group_stays_down_when_its_sibling_fails) {
  GroupSpec root{.name = "root",
                 .strategy = Strategy::rest_for_one,
                 .members = {ChildSpec{.name = "a"},
                             GroupSpec{.name = "extra",
                                       .restart = Restart::temporary,
                                       .members = {ChildSpec{.name = "b"},
                                                   ChildSpec{.name = "c"}}},
                             ChildSpec{.name = "d"}}};
  Supervised f{root};
  f.start();
  CAF_CHECK_EQUAL(f.end("c"), "");
  CAF_CHECK_EQUAL(f.wait(100ms), "+c");
  CAF_CHECK_EQUAL(f.end("c"), "");
  CAF_CHECK_EQUAL(f.end("a"), "-d -b");
  CAF_CHECK_EQUAL(f.wait(1h), "+a +d");
  CAF_CHECK(f.status("extra").state == State::stopped);
}

CAF_TEST(temporary_ones_of_a_nested_group_start_with_it) {
  GroupSpec root{
    .name = "root",
    .strategy = Strategy::rest_for_one,
    .members = {
      ChildSpec{.name = "a"},
      GroupSpec{
        .name = "lanes",
        .members = {ChildSpec{.name = "b", .restart = Restart::temporary},
                    GroupSpec{.name = "extra",
                              .intensity = {0, 60s},
                              .restart = Restart::temporary,
                              .members = {ChildSpec{.name = "c"},
                                          ChildSpec{.name = "d"}}}}}}};
  Supervised f{root};
  f.start();
  f.end("b");
  CAF_CHECK_EQUAL(f.end("c"), "-d");
  CAF_CHECK(f.status("extra").state == State::given_up);
  CAF_CHECK_EQUAL(f.end("a"), "");
  CAF_CHECK(f.status("b").state == State::waiting);
  CAF_CHECK_EQUAL(f.wait(100ms), "+a +b +c +d");
  CAF_CHECK(f.status("extra").state == State::running);
}

CAF_TEST(siblings_that_fail_together_wait_each_for_itself) {
  Supervised f{flat(Strategy::one_for_one, Restart::permanent)};
  f.start();
  f.end("c");
  f.end("a");
  CAF_CHECK(f.wait_of("c") <= 100ms);
  CAF_CHECK(f.wait_of("a") >= 100ms);
  CAF_CHECK_EQUAL(f.wait(99ms), "+c");
  CAF_CHECK_EQUAL(f.wait(101ms), "+a");
}

CAF_TEST(those_due_at_once_start_in_the_order_of_the_spec) {
  auto spec = flat(Strategy::one_for_one, Restart::permanent);
  spec.back_off = {0ms, 0ms};
  Supervised f{spec};
  f.start();
  f.end("c");
  f.end("a");
  f.end("b");
  CAF_CHECK_EQUAL(f.advance(), "+a +b +c");
}

CAF_TEST(an_earlier_one_that_fails_while_later_ones_wait_joins_them) {
  auto spec = flat(Strategy::rest_for_one, Restart::permanent);
  spec.back_off = {100ms, 100ms};
  int longer = 0;
  for (std::uint64_t seed = 0; seed != 100; ++seed) {
    Supervised f{spec, {}, seed};
    f.start();
    CAF_CHECK_EQUAL(f.end("c"), "");
    const auto due_of_c = *f.status("c").restart_due;
    f.now += 10ms;
    CAF_CHECK_EQUAL(f.end("a"), "-b");
    const auto due = *f.status("a").restart_due;
    CAF_CHECK(f.status("b").restart_due == due);
    CAF_CHECK(f.status("c").restart_due == due);
    // Its own wait may be over before that of c: then it waits with c.
    CAF_CHECK(due >= due_of_c);
    longer += due > due_of_c ? 1 : 0;
    CAF_CHECK_EQUAL(f.wait(110ms), "+a +b +c");
  }
  CAF_CHECK(longer > 40);
  CAF_CHECK(longer < 90);
}

CAF_TEST(the_end_of_a_stopped_sibling_changes_nothing) {
  for (const bool before_restart : {true, false}) {
    Supervised f{flat(Strategy::all_for_one, Restart::permanent)};
    f.start();
    const auto former = f.running("a");
    f.end("b");
    if (!before_restart)
      f.wait(100ms);
    const auto due = f.tree.next_due();
    CAF_CHECK(!f.tree.is_current(f.id("a"), former));
    CAF_CHECK_EQUAL(f.end("a", former), "");
    CAF_CHECK_EQUAL(f.end("a", former, Ending::normal), "");
    CAF_CHECK(f.tree.next_due() == due);
    CAF_CHECK_EQUAL(f.wait(1h), before_restart ? "+a +b +c" : "");
    CAF_CHECK_EQUAL(f.status("root").restarts, 0u);
    CAF_CHECK_EQUAL(f.status("a").last_error, "");
  }
}

CAF_TEST(an_end_that_is_reported_twice_counts_once) {
  Supervised f{flat(Strategy::one_for_one, Restart::permanent)};
  f.start();
  const auto incarnation = f.running("a");
  f.end("a");
  const auto due = f.tree.next_due();
  CAF_CHECK_EQUAL(f.end("a", incarnation), "");
  CAF_CHECK(f.tree.next_due() == due);
  CAF_CHECK_EQUAL(f.wait(1h), "+a");
}

CAF_TEST(a_child_that_cannot_be_started_is_tried_again) {
  Supervised f{flat(Strategy::rest_for_one, Restart::transient)};
  f.start();
  CAF_CHECK_EQUAL(f.end("b", Ending::failure, "no such file"), "-c");
  CAF_CHECK_EQUAL(f.wait(100ms), "+b +c");
  CAF_CHECK_EQUAL(f.end("b", Ending::failure, "no such file"), "-c");
  CAF_CHECK_EQUAL(f.wait(200ms), "+b +c");
  CAF_CHECK_EQUAL(f.status("b").restarts, 2u);
}

CAF_TEST(stop_is_in_reverse_and_final) {
  for (const auto strategy : all_strategies) {
    Supervised f{nested(strategy)};
    f.start();
    const auto a = f.running("a");
    CAF_CHECK_EQUAL(f.stop(), "-e -d -c -b -a");
    CAF_CHECK(f.tree.over());
    CAF_CHECK_EQUAL(f.end("a", a), "");
    CAF_CHECK(!f.tree.next_due().has_value());
    f.now += 1h;
    CAF_CHECK_EQUAL(f.advance(), "");
    CAF_CHECK_EQUAL(f.stop(), "");
    CAF_CHECK_EQUAL(f.start(), "");
    CAF_CHECK(f.status("a").state == State::stopped);
  }
}

CAF_TEST(who_waits_at_the_stop_is_neither_stopped_nor_started) {
  Supervised f{nested(Strategy::one_for_one, Strategy::rest_for_one)};
  f.start();
  CAF_CHECK_EQUAL(f.end("b"), "-d -c");
  CAF_CHECK_EQUAL(f.stop(), "-e -a");
  f.now += 1h;
  CAF_CHECK_EQUAL(f.advance(), "");
  CAF_CHECK(!f.status("b").restart_due.has_value());
}

CAF_TEST(after_a_stop_before_the_start_nothing_starts) {
  Supervised f{nested(Strategy::one_for_one)};
  CAF_CHECK_EQUAL(f.stop(), "");
  CAF_CHECK_EQUAL(f.start(), "");
}

CAF_TEST(the_status_tells_people_what_goes_on) {
  Supervised f{nested(Strategy::one_for_one, Strategy::rest_for_one)};
  CAF_CHECK(f.status("a").state == State::stopped);
  CAF_CHECK(!f.status("a").down_since.has_value());
  f.start();
  f.now += 5s;
  f.end("c", Ending::failure, "disk full");
  const auto root = f.tree.status();
  CAF_CHECK_EQUAL(root.name, "root");
  CAF_CHECK(!root.child.has_value());
  CAF_REQUIRE_EQUAL(root.members.size(), 3u);
  const auto& lanes = root.members[1];
  CAF_CHECK_EQUAL(lanes.name, "lanes");
  CAF_CHECK(lanes.state == State::running);
  CAF_REQUIRE_EQUAL(lanes.members.size(), 2u);
  const auto& inmost = lanes.members[1];
  CAF_REQUIRE_EQUAL(inmost.members.size(), 2u);
  const auto& c = inmost.members[0];
  CAF_CHECK(c.child == ChildId{2});
  CAF_CHECK(c.state == State::waiting);
  CAF_CHECK_EQUAL(c.last_error, "disk full");
  CAF_CHECK(c.down_since == f.now);
  CAF_CHECK(c.restart_due == f.tree.next_due());
  CAF_CHECK(c.incarnation == Incarnation{3});
  const auto& d = inmost.members[1];
  CAF_CHECK(d.state == State::waiting);
  CAF_CHECK_EQUAL(d.last_error, "");
  CAF_CHECK_EQUAL(f.last_stop.at("d").text, "c: disk full");
  f.wait(100ms);
  CAF_CHECK(f.status("c").state == State::running);
  CAF_CHECK_EQUAL(f.status("c").restarts, 1u);
  CAF_CHECK_EQUAL(f.status("d").restarts, 1u);
  CAF_CHECK_EQUAL(f.status("e").restarts, 0u);
  CAF_CHECK_EQUAL(f.status("c").last_error, "disk full");
  CAF_CHECK(!f.status("c").down_since.has_value());
  CAF_CHECK(!f.status("c").restart_due.has_value());
  CAF_CHECK(f.status("c").incarnation == f.running("c"));
}

CAF_TEST(an_end_without_a_word_gets_one) {
  Supervised f{flat(Strategy::one_for_one, Restart::permanent)};
  f.start();
  f.end("a", Ending::normal, "");
  CAF_CHECK_EQUAL(f.status("a").last_error, "ended without being asked to");
  f.end("b", Ending::failure, "");
  CAF_CHECK_EQUAL(f.status("b").last_error, "failed and did not say why");
}

CAF_TEST(a_temporary_one_that_failed_is_remembered_with_its_error) {
  Supervised f{flat(Strategy::one_for_one, Restart::temporary)};
  f.start();
  f.end("b", Ending::failure, "no model");
  CAF_CHECK(f.status("b").state == State::stopped);
  CAF_CHECK_EQUAL(f.status("b").last_error, "no model");
  CAF_CHECK(f.status("b").down_since == f.now);
}

CAF_TEST(the_same_seed_gives_the_same_waits_and_another_gives_others) {
  const auto waits = [](std::uint64_t seed) {
    Supervised f{flat(Strategy::all_for_one, Restart::permanent), {}, seed};
    f.start();
    std::vector<TimePoint> dues;
    for (int failure = 0; failure != 15; ++failure) {
      f.end("b");
      dues.push_back(*f.tree.next_due());
      f.wait(10s);
    }
    return dues;
  };
  CAF_CHECK(waits(1) == waits(1));
  CAF_CHECK(waits(1) != waits(2));
}
