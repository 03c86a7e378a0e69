#define CAF_SUITE circuit

#include "logic/delivery/delivery_reports.hpp"
#include "tests/faults/fault_fixture.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using tests::SentRecord;
using tests::SinkScript;

namespace {

struct Fixture : tests::FaultFixture {
  Fixture() {
    config.delivery.retry_limit = 1'000;
    config.delivery.retry_backoff = 10ms;
    config.delivery.retry_backoff_max = 10ms;
  }

  bool broken = false;

  /// From now on the output refuses everything, until it is mended.
  void break_output() {
    broken = true;
    sink->answer = [this](const SentRecord&) {
      return SinkScript::Answer{!broken, logic::DeliveryFault::transient,
                                "not enough replicas"};
    };
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(circuit_tests, Fixture)

CAF_TEST(a_failing_output_is_spared_and_loses_nothing) {
  batches = 1;
  begin();
  break_output();
  feed();
  pass(200ms);
  CAF_CHECK_EQUAL(metric("millrace_circuit_state", "output"), 1.0);
  const auto tries = sink->sent.size();
  pass(250ms);
  CAF_CHECK_EQUAL(sink->sent.size(), tries);
  broken = false;
  sink->sent.clear();
  pass(3s);
  CAF_CHECK_EQUAL(metric("millrace_circuit_state", "output"), 0.0);
  CAF_CHECK_EQUAL(sent(logic::Destination::output).size(), 10u);
}

CAF_TEST(an_open_circuit_stops_the_intake_and_keeps_the_budget) {
  config.flow.memory_budget.bytes = 48 * 1024;
  batches = 20;
  begin();
  break_output();
  feed();
  pass(20s);
  CAF_CHECK_GREATER_OR_EQUAL(credit("consumer", "used"),
                             credit("consumer", "granted"));
  CAF_CHECK(!source->batches.empty());
  broken = false;
  sink->sent.clear();
  pass(70s);
  CAF_CHECK(source->batches.empty());
  CAF_CHECK_EQUAL(sent(logic::Destination::output).size(), 200u);
}

CAF_TEST(refused_dead_letters_hold_up_no_output_and_are_told_of) {
  begin();
  bool denied = true;
  sink->answer = [&](const SentRecord& record) {
    return SinkScript::Answer{
      !denied || record.destination != logic::Destination::dead_letters,
      logic::DeliveryFault::outage, "TOPIC_AUTHORIZATION_FAILED"};
  };
  feed({{{0, 3}, "no json"}});
  pass(10s);
  CAF_CHECK_EQUAL(metric("millrace_circuit_state", "dead_letters"), 1.0);
  CAF_CHECK_EQUAL(metric("millrace_circuit_state", "output"), 0.0);
  CAF_CHECK_EQUAL(sent(logic::Destination::output).size(), 39u);
  bool told = false;
  for (const auto& line : log->lines())
    told |= line.message == "the circuit to the dead letters changed";
  CAF_CHECK(told);
  // Some tries, with more and more time in between.
  CAF_CHECK(sent(logic::Destination::dead_letters).size() < 20u);
  denied = false;
  std::erase_if(sink->sent, [](const SentRecord& record) {
    return record.destination == logic::Destination::dead_letters;
  });
  pass(6s);
  CAF_CHECK_EQUAL(metric("millrace_circuit_state", "dead_letters"), 0.0);
  CAF_CHECK_EQUAL(sent(logic::Destination::dead_letters).size(), 1u);
  pass(2s);
  std::int64_t committed = 0;
  for (const auto& commit : source->commits)
    if (commit.partition == logic::PartitionId{0})
      committed = commit.next.value;
  CAF_CHECK_EQUAL(committed, fed[0]);
}

CAF_TEST(dead_letters_that_flow_do_not_hide_that_the_output_fails) {
  config.delivery.retry_limit = 3;
  batches = 1;
  begin();
  bool denied = true;
  sink->answer = [&](const SentRecord& record) {
    return SinkScript::Answer{
      !denied || record.destination != logic::Destination::output,
      logic::DeliveryFault::transient, "POLICY_VIOLATION"};
  };
  for (int round = 0; round != 10; ++round) {
    feed({{{0, fed[0] + 3}, "no json"}});
    pass(100ms);
  }
  CAF_CHECK(metric("millrace_circuit_state", "output") != 0.0);
  CAF_CHECK_LESS(sent(logic::Destination::output).size(), 200u);
  for (const auto& line : log->lines())
    CAF_CHECK(line.message
              != "a record cannot be delivered and becomes a dead letter");
  denied = false;
  sink->sent.clear();
  pass(20s);
  CAF_CHECK_EQUAL(metric("millrace_circuit_state", "output"), 0.0);
  std::int64_t last = -1;
  std::size_t outputs = 0;
  for (const auto& record : sent(logic::Destination::output)) {
    if (record.value.find(R"("partition":0)") == std::string::npos)
      continue;
    const auto offset = std::stoll(record.key.substr(1));
    CAF_CHECK_LESS(last, offset);
    last = offset;
    ++outputs;
  }
  CAF_CHECK_EQUAL(outputs, 40u);
}

CAF_TEST(what_is_before_a_dead_letter_that_cannot_be_written_is_committed) {
  batches = 1;
  begin();
  sink->answer = [](const SentRecord& record) {
    return SinkScript::Answer{record.destination
                                != logic::Destination::dead_letters,
                              logic::DeliveryFault::record, "INVALID_RECORD"};
  };
  feed({{{0, 3}, "no json"}});
  pass(5s);
  std::vector<std::int64_t> committed;
  for (const auto& commit : source->commits)
    if (commit.partition == logic::PartitionId{0})
      committed.push_back(commit.next.value);
  CAF_CHECK_EQUAL(committed, std::vector<std::int64_t>{3});
}

CAF_TEST(failing_insights_are_let_go_and_tried_again_later) {
  config.insights.interval = 100ms;
  bool refused = true;
  sink->answer = [&](const SentRecord& record) {
    return SinkScript::Answer{
      !refused || record.destination != logic::Destination::insights,
      logic::DeliveryFault::transient, "no such topic"};
  };
  begin();
  for (int round = 0; round != 20; ++round) {
    batches = 1;
    feed();
    pass(1100ms);
  }
  CAF_CHECK(metric("millrace_circuit_state", "insights") != 0.0);
  CAF_CHECK_EQUAL(metric("millrace_circuit_state", "output"), 0.0);
  refused = false;
  for (int round = 0; round != 30; ++round) {
    feed();
    pass(1100ms);
  }
  CAF_CHECK_EQUAL(metric("millrace_circuit_state", "insights"), 0.0);
  CAF_CHECK(metric("millrace_insights_published_total") >= 1.0);
}

CAF_TEST_FIXTURE_SCOPE_END()
