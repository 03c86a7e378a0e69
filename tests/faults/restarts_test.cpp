#define CAF_SUITE restarts

#include "logic/delivery/delivery_reports.hpp"
#include "messages/lifecycle.hpp"
#include "tests/faults/fault_fixture.hpp"

#include <random>

using namespace millrace;
using namespace std::chrono_literals;
using logic::ClientEvent;
using logic::Destination;
using tests::SentRecord;

namespace {

/// Crashes these at their steps while records flow, and looks at the end.
bool survives(const std::vector<std::pair<std::string, std::size_t>>& crashes) {
  tests::FaultFixture node;
  node.batches = 2;
  node.begin();
  node.feed();
  for (const auto& [actor, step] : crashes) {
    node.steps(step);
    node.crash(actor);
    // More comes while it is down, and while it is up but knows nothing yet.
    node.steps(2);
    node.feed();
    node.pass(10ms);
    node.feed();
  }
  if (node.recovers())
    return true;
  for (const auto& [actor, step] : crashes)
    std::cerr << "after crashing " << actor << " at step " << step << '\n';
  return false;
}

} // namespace

CAF_TEST(any_actor_may_crash_at_any_moment) {
  const tests::FaultFixture names;
  for (const auto& actor : names.actors())
    for (std::size_t step = 0; step < 120; step += 5)
      CAF_REQUIRE(survives({{actor, step}}));
}

CAF_TEST(any_two_actors_may_crash_at_once) {
  const tests::FaultFixture names;
  const auto actors = names.actors();
  std::mt19937_64 random{5};
  for (int round = 0; round != 150; ++round)
    CAF_REQUIRE(survives({{actors[random() % actors.size()], random() % 100},
                          {actors[random() % actors.size()], random() % 4}}));
}

CAF_TEST(a_row_of_crashes_costs_nothing) {
  const tests::FaultFixture names;
  const auto actors = names.actors();
  std::mt19937_64 random{6};
  for (int round = 0; round != 60; ++round) {
    std::vector<std::pair<std::string, std::size_t>> crashes;
    for (int crash = 0; crash != 12; ++crash)
      crashes.emplace_back(actors[random() % actors.size()], random() % 40);
    CAF_REQUIRE(survives(crashes));
  }
}

CAF_TEST_FIXTURE_SCOPE(restart_tests, tests::FaultFixture)

CAF_TEST(a_restart_is_counted_and_told) {
  begin();
  crash("validator 0");
  pass(1s);
  CAF_CHECK_EQUAL(metric("millrace_restarts_total", "validator"), 1.0);
  CAF_CHECK_EQUAL(metric("millrace_time_to_recover_seconds"), 1.0);
  CAF_CHECK_EQUAL(log->count("an actor was started anew"), 1u);
}

CAF_TEST(a_crash_loop_ends_the_node) {
  config.supervision.restart_limit = 3;
  begin();
  for (int round = 0; round != 40 && deaths.empty(); ++round) {
    crash("enricher 1");
    pass(100ms);
  }
  CAF_REQUIRE_EQUAL(deaths.size(), 1u);
  CAF_CHECK(deaths[0].find("lane 1") != std::string::npos);
}

CAF_TEST(a_node_that_gave_up_still_drains) {
  config.supervision.restart_limit = 0;
  begin();
  feed();
  run_until_idle();
  crash("insights");
  pass(100ms);
  CAF_REQUIRE_EQUAL(deaths.size(), 1u);
  auto drained = self->request(topology->consumer(), caf::infinite,
                               messages::DrainIntake{5s});
  pass(6s);
  bool answered = false;
  drained.receive(
    [&](const messages::IntakeDrained& answer) {
      answered = answer.unfinished_records == 0;
    },
    [](const caf::error&) {});
  CAF_CHECK(answered);
}

CAF_TEST(an_actor_that_crashes_while_draining_delays_the_end_only) {
  begin();
  feed();
  steps(30);
  auto drain = [this] {
    return self->request(topology->consumer(), caf::infinite,
                         messages::DrainIntake{20s});
  };
  auto first = drain();
  steps(5);
  crash("consumer");
  pass(100ms);
  first.receive([](const messages::IntakeDrained&) {},
                [](const caf::error&) {});
  auto second = drain();
  pass(10s);
  std::uint64_t unfinished = 99;
  second.receive(
    [&](const messages::IntakeDrained& answer) {
      unfinished = answer.unfinished_records;
    },
    [&](const caf::error& error) { CAF_FAIL(caf::to_string(error)); });
  CAF_CHECK_EQUAL(unfinished, 0u);
  CAF_CHECK(deaths.empty());
}

CAF_TEST(actors_may_crash_while_a_partition_is_given_back) {
  for (const auto& actor : actors()) {
    tests::FaultFixture node;
    node.begin();
    node.feed();
    node.steps(25);
    node.happen(ClientEvent::Kind::revoked, 1);
    node.steps(3);
    node.crash(actor);
    node.pass(25s);
    // What had been read of it was finished first, in order.
    CAF_CHECK_EQUAL(node.source->released.size(), 1u);
    const auto offsets = node.delivered()[1];
    CAF_CHECK_EQUAL(node.delivered()[0].size(), 20u);
    CAF_CHECK(std::ranges::is_sorted(offsets));
    CAF_CHECK(std::ranges::adjacent_find(offsets) == offsets.end());
    CAF_CHECK(node.deaths.empty());
  }
}

CAF_TEST(a_producer_whose_client_fails_for_good_gets_another) {
  begin();
  int good = 7;
  bool fenced = true;
  sink->answer = [&](const SentRecord&) {
    if (good-- > 0 || !fenced)
      return tests::SinkScript::Answer{};
    return tests::SinkScript::Answer{false, logic::DeliveryFault::fatal,
                                     "fenced"};
  };
  feed();
  run_until_idle();
  fenced = false;
  const auto refused = sink->sent.size();
  pass(5s);
  CAF_CHECK_EQUAL(sinks_opened, 2);
  sink->answer = [](const SentRecord&) { return tests::SinkScript::Answer{}; };
  sink->sent.erase(sink->sent.begin() + 7,
                   sink->sent.begin() + static_cast<std::ptrdiff_t>(refused));
  CAF_CHECK(all_is_well());
}

CAF_TEST(a_producer_that_another_node_displaced_takes_its_place_back) {
  begin();
  ClientEvent event;
  event.kind = ClientEvent::Kind::failed;
  event.error = {logic::ErrorCode::fenced, "somebody has this name"};
  sink->events.push_back(event);
  sink->wake();
  pass(1s);
  CAF_CHECK_EQUAL(sinks_opened, 2);
  CAF_CHECK(deaths.empty());
  CAF_CHECK_EQUAL(metric("millrace_fenced_total", "producer"), 1.0);
}

CAF_TEST(a_consumer_whose_client_fails_joins_anew) {
  begin();
  feed();
  run_until_idle();
  ClientEvent event;
  event.kind = ClientEvent::Kind::failed;
  event.error = {logic::ErrorCode::fatal_client, "fenced"};
  source->events.push_back(event);
  source->wake();
  pass(1s);
  CAF_CHECK_EQUAL(sources_opened, 2);
  CAF_CHECK(deaths.empty());
  happen(ClientEvent::Kind::assigned, 0, 7);
  arrive(tests::make_batch({tests::login_json()}, 20, 0, 7));
  pass(2s);
  CAF_CHECK_EQUAL(source->commits.back().next.value, 21);
}

CAF_TEST(a_consumer_that_another_node_displaced_ends_its_node) {
  begin();
  feed();
  run_until_idle();
  ClientEvent event;
  event.kind = ClientEvent::Kind::failed;
  event.error = {logic::ErrorCode::fenced, "somebody has this name"};
  source->events.push_back(event);
  source->wake();
  pass(5s);
  // No new client, which would displace the other one.
  CAF_CHECK_EQUAL(sources_opened, 1);
  CAF_CHECK_EQUAL(deaths, std::vector<std::string>{"somebody has this name"});
  CAF_CHECK_EQUAL(metric("millrace_fenced_total", "consumer"), 1.0);
}

CAF_TEST_FIXTURE_SCOPE_END()
