#define CAF_SUITE intake

#include "logic/records/client_event.hpp"
#include "messages/lifecycle.hpp"
#include "messages/status.hpp"
#include "tests/faults/fault_fixture.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using Kind = logic::ClientEvent::Kind;
using logic::AssignmentEpoch;
using logic::Offset;
using logic::PartitionId;
using logic::PartitionOffset;
using logic::PositionFault;
using tests::login_json;
using tests::make_batch;

namespace {

struct Fixture : tests::SimulatedNode {
  std::int64_t committed() const {
    return source->commits.empty() ? -1 : source->commits.back().next.value;
  }

  void place(std::int64_t offset, std::optional<logic::PositionJump> jump) {
    logic::ClientEvent event;
    event.kind = Kind::placed;
    event.partitions = {{PartitionId{0}, AssignmentEpoch{1}}};
    event.position = Offset{offset};
    event.jump = jump;
    source->events.push_back(event);
    source->wake();
    run_until_idle();
  }

  void stand_at(std::int64_t high, std::optional<std::int64_t> end) {
    source->high_watermarks = {{PartitionId{0}, Offset{high}}};
    if (end)
      source->high_watermarks[0].end = PartitionOffset{
        PartitionId{0}, AssignmentEpoch{1}, Offset{*end}};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(intake_tests, Fixture)

CAF_TEST(a_place_that_is_not_the_committed_one_is_told_counted_and_committed) {
  start();
  place(45,
        logic::PositionJump{PositionFault::retention, Offset{10}, Offset{45}});
  CAF_CHECK_EQUAL(
    log->count("a partition cannot be read on from where it should"), 1u);
  CAF_CHECK_EQUAL(metric("millrace_records_skipped_total", "retention"), 35.0);
  pass(2s);
  CAF_CHECK_EQUAL(committed(), 45);
}

CAF_TEST(a_first_place_is_committed_without_a_warning) {
  start();
  place(65, {});
  CAF_CHECK_EQUAL(
    log->count("a partition cannot be read on from where it should"), 0u);
  pass(2s);
  CAF_CHECK_EQUAL(committed(), 65);
  CAF_CHECK_EQUAL(metric("millrace_records_skipped_total"), 0.0);
}

CAF_TEST(control_records_at_the_end_are_no_lag_and_no_stall) {
  config.delivery.stall_alarm = 5s;
  start();
  arrive(make_batch({login_json(), login_json()}));
  // Offset 2 is the commit marker of the transaction.
  stand_at(3, 3);
  pass(20s);
  CAF_CHECK_EQUAL(metric("kafka_consumer_lag_records"), 0.0);
  CAF_CHECK_EQUAL(metric("millrace_stalled_partitions"), 0.0);
  CAF_CHECK_EQUAL(committed(), 3);
}

CAF_TEST(an_open_transaction_is_no_stall) {
  config.delivery.stall_alarm = 5s;
  start();
  arrive(make_batch({login_json()}));
  stand_at(50, 1);
  pass(20s);
  CAF_CHECK_EQUAL(metric("millrace_stalled_partitions"), 0.0);
}

CAF_TEST(readable_records_that_do_not_move_are_a_stall) {
  config.delivery.stall_alarm = 5s;
  start();
  sink->stalled = true;
  arrive(make_batch({login_json(), login_json()}));
  stand_at(3, 3);
  pass(20s);
  CAF_CHECK_EQUAL(metric("kafka_consumer_lag_records"), 3.0);
  CAF_CHECK_EQUAL(metric("millrace_stalled_partitions"), 1.0);
  CAF_CHECK(source->commits.empty());
  sink->resume();
  pass(3s);
  CAF_CHECK_EQUAL(metric("kafka_consumer_lag_records"), 0.0);
  CAF_CHECK_EQUAL(committed(), 3);
}

CAF_TEST(a_partition_of_which_nothing_comes_is_a_stall) {
  config.delivery.stall_alarm = 5s;
  start();
  pass(5s);
  CAF_CHECK_EQUAL(metric("millrace_stalled_partitions"), 0.0);
  pass(5s);
  CAF_CHECK_EQUAL(metric("millrace_stalled_partitions"), 1.0);
  CAF_CHECK_EQUAL(
    log->count("nothing comes of a partition, neither a record nor its end"),
    1u);
  stand_at(42, 42);
  pass(2s);
  CAF_CHECK_EQUAL(metric("millrace_stalled_partitions"), 0.0);
}

CAF_TEST(an_idle_partition_shows_where_it_stands_before_its_first_record) {
  start();
  stand_at(42, 42);
  pass(2s);
  messages::ConsumerStatus status;
  auto answer = self->request(topology->consumer(), caf::infinite,
                              messages::ReportStatus{});
  run_until_idle();
  answer.receive([&](const messages::ConsumerStatus& it) { status = it; },
                 [](const caf::error& error) { CAF_FAIL(error); });
  CAF_REQUIRE_EQUAL(status.partitions.size(), 1u);
  CAF_CHECK(status.placed);
  CAF_CHECK(status.partitions[0].lag_records == 0);
  CAF_CHECK(status.partitions[0].committed == Offset{42});
  CAF_CHECK(status.partitions[0].finished == Offset{42});
  // It stands there since it was committed there: no need to say so again.
  CAF_CHECK(source->commits.empty());
}

CAF_TEST(a_log_that_begins_anew_is_let_go_when_what_is_in_flight_is_done) {
  start();
  sink->stalled = true;
  arrive(make_batch({login_json()}, 7));
  run_until_idle();
  happen(Kind::recreated);
  run_until_idle();
  CAF_CHECK_EQUAL(metric("millrace_topics_recreated_total", "user-login"), 1.0);
  happen(Kind::restarted);
  arrive(make_batch({login_json()}, 8));
  pass(1s);
  CAF_CHECK(source->released.empty());
  CAF_CHECK_EQUAL(log->count("the input topic was created anew"), 1u);
  sink->resume();
  run_until_idle();
  CAF_REQUIRE_EQUAL(source->released.size(), 1u);
  CAF_CHECK_EQUAL(sink->sent.size(), 1u);
  source->commits.clear();
  source->batches.clear();
  happen(Kind::assigned, 0, 2);
  arrive(make_batch({login_json(), login_json()}, 0, 0, 2));
  pass(2s);
  CAF_CHECK_EQUAL(sink->sent.size(), 3u);
  CAF_CHECK_EQUAL(committed(), 2);
}

CAF_TEST(logins_of_a_log_that_begins_anew_are_no_repeats) {
  config.detection.enabled = true;
  config.detection.rules = {"velocity"};
  model = tests::FaultFixture::any_model();
  start();
  // As many as detection.velocity_limit lets pass.
  arrive(make_batch(std::vector<std::string>(10, login_json())));
  run_until_idle();
  CAF_CHECK_EQUAL(metric("millrace_anomalies_total", "velocity"), 0.0);
  happen(Kind::recreated);
  happen(Kind::restarted);
  run_until_idle();
  happen(Kind::assigned, 0, 2);
  arrive(make_batch({login_json(), login_json()}, 0, 0, 2));
  run_until_idle();
  CAF_CHECK_EQUAL(sink->sent.size(), 12u);
  CAF_CHECK_EQUAL(metric("millrace_anomalies_total", "velocity"), 2.0);
}

CAF_TEST(where_nobody_knows_from_where_to_read_the_node_ends_in_order) {
  start();
  sink->stalled = true;
  arrive(make_batch({login_json()}));
  run_until_idle();
  logic::ClientEvent event;
  event.kind = Kind::unplaced;
  event.error = {logic::ErrorCode::not_found, "no place to read from"};
  source->events.push_back(event);
  source->wake();
  run_until_idle();
  CAF_REQUIRE_EQUAL(deaths.size(), 1u);
  CAF_CHECK_EQUAL(deaths[0], "no place to read from");
  CAF_CHECK_EQUAL(sources_opened, 1);
  // What was read is finished and committed before the end.
  arrive(make_batch({login_json()}, 1));
  self->send(topology->consumer(), messages::DrainIntake{10s});
  run_until_idle();
  sink->resume();
  pass(2s);
  CAF_CHECK(source->closed);
  CAF_CHECK_EQUAL(committed(), 1);
  CAF_CHECK_EQUAL(sink->sent.size(), 1u);
}

CAF_TEST(a_group_that_is_busy_with_others_is_not_waited_for_long) {
  start();
  arrive(make_batch({login_json()}));
  pass(2s);
  source->leaves = false;
  self->send(topology->consumer(), messages::DrainIntake{25s});
  run_until_idle();
  CAF_CHECK(source->closed);
  CAF_CHECK(source->close_deadline <= 2s);
  CAF_CHECK_EQUAL(
    log->count("the group did not take note that this node leaves: it shares "
               "out what was held here when the session ends"),
    1u);
  CAF_CHECK_EQUAL(committed(), 1);
}

CAF_TEST(the_rate_limit_holds_back_and_drops_nothing) {
  config.flow.rate_limit = 100;
  start();
  for (std::int64_t first = 0; first != 1'000; ++first)
    arrive(make_batch({login_json()}, first));
  run_until_idle();
  // One second's worth at once, then a hundred a second.
  CAF_CHECK_EQUAL(sink->sent.size(), 100u);
  pass(4s);
  CAF_CHECK(sink->sent.size() >= 490);
  CAF_CHECK(sink->sent.size() <= 501);
  CAF_CHECK_EQUAL(metric("millrace_rate_limit_events_per_second"), 100.0);
  CAF_CHECK(metric("millrace_rate_limited_seconds_total") > 3.0);
  CAF_CHECK(metric("millrace_limit_reached_total", "rate") >= 1.0);
  pass(6s);
  CAF_CHECK_EQUAL(sink->sent.size(), 1'000u);
  const auto limited = metric("millrace_rate_limited_seconds_total");
  pass(10s);
  CAF_CHECK_EQUAL(sink->sent.size(), 1'000u);
  // Idleness is not the limit's doing.
  CAF_CHECK(metric("millrace_rate_limited_seconds_total") <= limited + 0.2);
}

CAF_TEST_FIXTURE_SCOPE_END()
