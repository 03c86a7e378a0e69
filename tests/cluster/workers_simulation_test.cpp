#define CAF_SUITE workers_simulation

#include "messages/status.hpp"
#include "messages/workers.hpp"
#include "tests/cluster/worker_fixture.hpp"

#include <random>

/// A node and its workers on virtual time: who does the work, and what comes of
/// it when one of them goes.
using namespace millrace;
using namespace millrace::tests;
using namespace std::chrono_literals;
using logic::Destination;

namespace {

std::string poison_json() {
  return R"({"user_id":"POISON","app_version":"1","device_type":"x"})";
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(workers_simulation_tests, WorkerFixture)

CAF_TEST(a_worker_does_all_of_the_work_of_an_ingest_node) {
  begin_with({"w1"});
  feed({{{0, 3}, "no json"}, {{1, 2}, R"({"user_id":"u-1"})"}});
  CAF_CHECK(recovers());
  CAF_CHECK_EQUAL(done_by_workers(), all_fed());
  CAF_CHECK_EQUAL(sent(Destination::dead_letters).size(), 2u);
  CAF_CHECK_EQUAL(metric("millrace_events_unjudged_total"), 0.0);
}

CAF_TEST(what_a_worker_wrote_is_what_the_node_writes_itself) {
  const std::map<std::pair<std::int32_t, std::int64_t>, std::string> special{
    {{0, 1}, "not json"},
    {{0, 2}, R"({"user_id":"u-1","processed_at":"mine","x":[1, 2]})"},
    {{1, 4}, R"({})"}};
  begin_with({"w1"});
  feed(special);
  CAF_REQUIRE(recovers());
  FaultFixture alone;
  alone.begin();
  alone.pass(1s);
  alone.feed(special);
  CAF_REQUIRE(alone.recovers());
  const auto values = [](const FaultFixture& node, Destination destination) {
    std::multiset<std::string> all;
    for (const auto& record : node.sent(destination)) {
      auto text = record.key + ' ' + record.value;
      const auto time = text.find("\"processed_at\":\"2");
      all.insert(time == std::string::npos ? text : text.erase(time, 42));
    }
    return all;
  };
  for (const auto destination :
       {Destination::output, Destination::dead_letters})
    CAF_CHECK_EQUAL(values(*this, destination), values(alone, destination));
}

CAF_TEST(two_workers_share_the_work) {
  batches = 20;
  begin_with({"w1", "w2"});
  feed();
  CAF_CHECK(recovers());
  CAF_CHECK_EQUAL(done_by_workers(), all_fed());
  auto handle = self->request(topology->remote_lanes(), caf::infinite,
                              messages::ReportStatus{});
  run_until_idle();
  handle.receive(
    [&](const messages::RemoteLanesStatus& status) {
      CAF_REQUIRE_EQUAL(status.lanes.size(), 2u);
      for (const auto& lane : status.lanes) {
        CAF_CHECK_GREATER(lane.batches_done, 10u);
        CAF_CHECK_GREATER(lane.granted_bytes, 0u);
        CAF_CHECK_EQUAL(lane.used_bytes, 0u);
      }
    },
    [](const caf::error& error) { CAF_FAIL(error); });
}

CAF_TEST(without_a_worker_the_node_does_the_work_itself) {
  begin();
  feed();
  CAF_CHECK(recovers());
  CAF_CHECK_EQUAL(done_by_workers(), 0.0);
  add("w1");
  pass(6s);
  feed();
  CAF_CHECK(recovers());
  CAF_CHECK_EQUAL(done_by_workers(), all_fed() / 2);
  kill("w1");
  feed();
  CAF_CHECK(recovers());
  CAF_CHECK_EQUAL(done_by_workers(), all_fed() / 3);
}

CAF_TEST(a_node_that_does_all_works_too_and_has_workers_help) {
  config.node.role = "all";
  links->self.role = logic::links::NodeRole::all;
  batches = 20;
  begin_with({"w1"});
  feed();
  CAF_CHECK(recovers());
  CAF_CHECK_GREATER(done_by_workers(), 0.0);
  CAF_CHECK_LESS(done_by_workers(), all_fed());
}

CAF_TEST(insights_of_a_worker_are_published_by_the_node) {
  begin_with({"w1"});
  feed();
  CAF_CHECK(recovers());
  pass(3s);
  bool told = false;
  for (const auto& record : sent(Destination::insights))
    told = told || record.value.find("\"w1\"") != std::string::npos;
  CAF_CHECK(told);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(a_worker_that_dies_at_any_moment_costs_nothing) {
  std::mt19937_64 random{5};
  for (int round = 0; round != 60; ++round) {
    WorkerFixture node;
    node.begin_with({"w1", "w2"});
    node.feed();
    node.steps(random() % 600);
    node.kill("w1");
    node.feed();
    node.steps(random() % 300);
    if (round % 2 == 0)
      node.kill("w2");
    CAF_REQUIRE(node.recovers());
    node.add("w1");
    node.pass(6s);
    const auto before = node.done_by_workers();
    node.feed();
    CAF_REQUIRE(node.recovers());
    CAF_CHECK_GREATER(node.done_by_workers(), before);
  }
}

CAF_TEST(any_actor_may_die_here_or_there) {
  std::mt19937_64 random{6};
  const std::vector<std::string> here{"remote_lanes",     "links",
                                      "dispatcher",       "producer",
                                      "judgement_router", "anomaly_detector 0",
                                      "consumer"};
  const std::vector<std::string> there{"lane_host",  "links",     "validator 0",
                                       "enricher 1", "encoder 0", "insights"};
  for (int round = 0; round != 80; ++round) {
    WorkerFixture node;
    node.begin_with({"w1", "w2"});
    node.feed();
    for (int crash = 0; crash != 4; ++crash) {
      node.steps(random() % 250);
      if (random() % 2 == 0)
        node.crash(here[random() % here.size()]);
      else
        node.helpers.at("w1")->order("crash " + there[random() % there.size()]);
      node.pass(10ms);
    }
    node.feed();
    CAF_MESSAGE("round " << round);
    CAF_REQUIRE(node.recovers(30s));
  }
}

CAF_TEST(poison_is_found_on_a_worker) {
  for (const auto* stage : {"validator", "enricher", "encoder"}) {
    WorkerFixture node;
    node.gates_of_workers = true;
    node.batch_size = 8;
    node.begin_with({"w1"});
    const auto order = FaultFixture::order_of("poison " + std::string{stage}
                                              + " POISON");
    for (const auto& [actor, gate] : node.helpers.at("w1")->topology().gates())
      if (is_meant(order, actor))
        caf::anon_send(gate, messages::ArmGate{order, std::nullopt});
    node.run_until_idle();
    node.feed({{{0, 5}, poison_json()}});
    CAF_REQUIRE(node.recovers());
    const auto dead = node.sent(Destination::dead_letters);
    CAF_REQUIRE_EQUAL(dead.size(), 1u);
    const auto note = logic::read_dead_letter_note(dead[0].headers);
    CAF_CHECK(note->reason == logic::Reason::poison);
    CAF_CHECK_EQUAL(note->stage, stage);
    CAF_CHECK_EQUAL(note->source.offset.value, 5);
  }
}
