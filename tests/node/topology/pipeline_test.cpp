#define CAF_SUITE pipeline

#include "logic/delivery/delivery_reports.hpp"
#include "logic/records/provenance.hpp"
#include "messages/lifecycle.hpp"
#include "messages/pipeline.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <boost/json/parse.hpp>

#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::Destination;
using tests::login_json;
using tests::make_batch;
using tests::SentRecord;

namespace {

struct Fixture : tests::SimulatedNode {
  std::int64_t committed() const {
    return source->commits.empty() ? -1 : source->commits.back().next.value;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(pipeline_tests, Fixture)

CAF_TEST(valid_message) {
  start();
  arrive(make_batch({login_json("u-1")}, 40));
  run_until_idle();
  const auto outputs = sent(Destination::output);
  CAF_REQUIRE_EQUAL(outputs.size(), 1u);
  CAF_CHECK(sent(Destination::dead_letters).empty());
  CAF_CHECK_EQUAL(outputs[0].key, "k40");
  CAF_CHECK_EQUAL(outputs[0].timestamp_ms, 1'720'000'000'000);
  const auto event = boost::json::parse(outputs[0].value).as_object();
  CAF_CHECK_EQUAL(event.at("user_id").as_string(), "u-1");
  CAF_CHECK_EQUAL(event.at("ip_class").as_string(), "public");
  CAF_CHECK_EQUAL(event.at("event_time").as_string(), "2024-07-10T05:34:57Z");
  CAF_CHECK(event.contains("processed_at"));
  CAF_CHECK_EQUAL(event.at("source").at("offset").to_number<int>(), 40);
  pass(1s);
  CAF_CHECK_EQUAL(committed(), 41);
}

CAF_TEST(invalid_message) {
  start();
  arrive(make_batch({"not json", R"({"user_id": "u-1"})"}));
  run_until_idle();
  const auto dead = sent(Destination::dead_letters);
  CAF_REQUIRE_EQUAL(dead.size(), 2u);
  CAF_CHECK(sent(Destination::output).empty());
  CAF_CHECK_EQUAL(dead[0].value, "not json");
  CAF_CHECK_EQUAL(dead[0].key, "k0");
  const auto first = logic::read_dead_letter_note(dead[0].headers);
  const auto second = logic::read_dead_letter_note(dead[1].headers);
  CAF_REQUIRE(first && second);
  CAF_CHECK(first->reason == logic::Reason::not_json);
  CAF_CHECK(second->reason == logic::Reason::missing_field);
  CAF_CHECK_EQUAL(second->source.topic, "user-login");
  CAF_CHECK_EQUAL(metric("millrace_dead_letters_total", "not_json"), 1.0);
  pass(1s);
  CAF_CHECK_EQUAL(committed(), 2);
}

CAF_TEST(private_address) {
  start();
  arrive(make_batch({login_json("u-1", "192.168.7.9")}));
  run_until_idle();
  const auto event
    = boost::json::parse(sent(Destination::output).at(0).value).as_object();
  CAF_CHECK_EQUAL(event.at("ip_class").as_string(), "private");
  CAF_CHECK(!event.contains("geo"));
}

CAF_TEST(publish_with_retry_success) {
  start();
  int refusals = 2;
  sink->answer = [&refusals](const SentRecord&) {
    return tests::SinkScript::Answer{
      refusals-- <= 0, logic::DeliveryFault::transient, "not enough replicas"};
  };
  arrive(make_batch({login_json()}));
  run_until_idle();
  CAF_CHECK_EQUAL(sink->sent.size(), 1u);
  pass(2s);
  CAF_CHECK_EQUAL(sink->sent.size(), 3u);
  CAF_CHECK(sent(Destination::dead_letters).empty());
  CAF_CHECK_EQUAL(metric("millrace_delivery_retries_total"), 2.0);
  CAF_CHECK_EQUAL(committed(), 1);
}

CAF_TEST(publish_with_retry_failure) {
  start();
  sink->answer = [](const SentRecord& record) {
    return tests::SinkScript::Answer{
      record.destination != Destination::output || record.key != "k0",
      logic::DeliveryFault::transient, "not enough replicas"};
  };
  // Others pass: it is not the topic.
  for (std::int64_t offset = 0; offset != 60; ++offset) {
    arrive(make_batch({login_json()}, offset));
    pass(1s);
  }
  const auto dead = sent(Destination::dead_letters);
  CAF_REQUIRE_EQUAL(dead.size(), 1u);
  CAF_CHECK_EQUAL(dead[0].value, login_json());
  const auto note = logic::read_dead_letter_note(dead[0].headers);
  CAF_REQUIRE(note.has_value());
  CAF_CHECK(note->reason == logic::Reason::delivery_failed);
  CAF_CHECK_EQUAL(note->detail, "not enough replicas");
  CAF_CHECK_EQUAL(note->attempts, 4u);
  CAF_CHECK_EQUAL(committed(), 60);
}

CAF_TEST(processed_metric_counted) {
  start();
  arrive(make_batch({login_json(), "garbage", login_json()}));
  run_until_idle();
  CAF_CHECK_EQUAL(metric("kafka_messages_processed_total", "success"), 2.0);
  CAF_CHECK_EQUAL(metric("kafka_messages_processed_total", "failure"), 1.0);
  CAF_CHECK_EQUAL(metric("kafka_processing_duration_seconds", "success"), 2.0);
  CAF_CHECK_EQUAL(metric("millrace_records_consumed_total"), 3.0);
}

CAF_TEST(graceful_shutdown) {
  start();
  sink->stalled = true;
  arrive(make_batch({login_json(), login_json()}));
  run_until_idle();
  auto drained = self->request(topology->consumer(), caf::infinite,
                               messages::DrainIntake{10s});
  // What arrives from now on is left for the next reader.
  arrive(make_batch({login_json()}, 2));
  pass(1s);
  CAF_CHECK(!source->closed);
  CAF_CHECK_EQUAL(sink->sent.size(), 2u);
  sink->resume();
  run_until_idle();
  CAF_CHECK(source->closed);
  CAF_CHECK_EQUAL(committed(), 2);
  drained.receive(
    [](const messages::IntakeDrained& answer) {
      CAF_CHECK_EQUAL(answer.unfinished_records, 0u);
    },
    [](const caf::error& error) { CAF_FAIL(error); });
  auto closed = self->request(topology->producer(), caf::infinite,
                              messages::CloseOutput{1s});
  run_until_idle();
  closed.receive([](const messages::OutputClosed&) {},
                 [](const caf::error& error) { CAF_FAIL(error); });
  CAF_CHECK(sink->closed);
  CAF_CHECK(deaths.empty());
}

CAF_TEST(a_shutdown_that_cannot_finish_ends_at_its_deadline) {
  start();
  sink->stalled = true;
  arrive(make_batch({login_json(), login_json()}));
  run_until_idle();
  auto drained = self->request(topology->consumer(), caf::infinite,
                               messages::DrainIntake{3s});
  pass(4s);
  CAF_CHECK(source->closed);
  drained.receive(
    [](const messages::IntakeDrained& answer) {
      CAF_CHECK_EQUAL(answer.unfinished_records, 2u);
    },
    [](const caf::error& error) { CAF_FAIL(error); });
  CAF_CHECK_EQUAL(committed(), 0);
}

CAF_TEST(nothing_is_committed_before_it_is_delivered) {
  start();
  sink->stalled = true;
  arrive(make_batch({login_json()}));
  pass(5s);
  CAF_CHECK(source->commits.empty());
  sink->resume();
  pass(1s);
  CAF_CHECK_EQUAL(committed(), 1);
}

CAF_TEST(order_holds_over_parallel_lanes) {
  workers = 4;
  start();
  for (std::int64_t first = 0; first != 400; first += 4)
    arrive(
      make_batch({login_json(), "bad", login_json(), login_json()}, first));
  run_until_idle();
  CAF_REQUIRE_EQUAL(sink->sent.size(), 400u);
  for (std::size_t index = 0; index != 400; ++index)
    CAF_REQUIRE_EQUAL(sink->sent[index].key, "k" + std::to_string(index));
}

CAF_TEST(a_revoked_partition_is_finished_committed_and_given_back) {
  start();
  sink->stalled = true;
  arrive(make_batch({login_json()}));
  run_until_idle();
  happen(logic::ClientEvent::Kind::revoked);
  arrive(make_batch({login_json()}, 1));
  pass(2s);
  CAF_CHECK(source->released.empty());
  sink->resume();
  run_until_idle();
  CAF_REQUIRE_EQUAL(source->released.size(), 1u);
  CAF_CHECK_EQUAL(committed(), 1);
  CAF_CHECK_EQUAL(sink->sent.size(), 1u);
}

CAF_TEST(a_revoked_partition_leaves_at_the_deadline_in_any_case) {
  config.delivery.revoke_deadline = 2s;
  start();
  sink->stalled = true;
  arrive(make_batch({login_json()}));
  happen(logic::ClientEvent::Kind::revoked);
  pass(3s);
  CAF_CHECK_EQUAL(source->released.size(), 1u);
  // The late report belongs to nobody: no commit, and the credit is whole.
  const auto commits = source->commits.size();
  sink->resume();
  pass(2s);
  CAF_CHECK_EQUAL(source->commits.size(), commits);
  CAF_CHECK_EQUAL(credit("consumer", "used"), 0.0);
}

CAF_TEST(a_lost_partition_is_forgotten_without_a_commit) {
  start();
  sink->stalled = true;
  arrive(make_batch({login_json()}));
  run_until_idle();
  happen(logic::ClientEvent::Kind::lost);
  run_until_idle();
  CAF_CHECK_EQUAL(source->released.size(), 1u);
  sink->resume();
  pass(2s);
  CAF_CHECK(source->commits.empty());
  // It may come back, under another epoch, and start from the beginning.
  happen(logic::ClientEvent::Kind::assigned, 0, 2);
  arrive(make_batch({login_json()}, 0, 0, 2));
  pass(2s);
  CAF_CHECK_EQUAL(committed(), 1);
}

CAF_TEST(what_comes_late_of_a_partition_given_back_is_not_sent) {
  start();
  auto produce = [this](std::uint64_t epoch) {
    auto batch = std::make_shared<logic::EncodedBatch>();
    batch->raw = make_batch({"x"}, 0, 0, epoch);
    batch->records.emplace_back();
    batch->records.back().dead = true;
    batch->details.emplace_back();
    logic::BatchTicket ticket;
    ticket.id = logic::BatchId{1'000 + epoch};
    ticket.epoch = logic::AssignmentEpoch{epoch};
    ticket.lane_incarnation = logic::Incarnation{1'000};
    self->send(topology->producer(), messages::ProduceBatch{ticket, batch});
    run_until_idle();
  };
  self->send(topology->producer(),
             messages::ForgetPartitions{
               {{logic::PartitionId{0}, logic::AssignmentEpoch{1}}}});
  produce(1);
  CAF_CHECK(sink->sent.empty());
  produce(2);
  CAF_CHECK_EQUAL(sink->sent.size(), 1u);
}

CAF_TEST(without_credit_nothing_is_read_until_something_is_delivered) {
  config.flow.memory_budget.bytes = 32 * 1024;
  start();
  sink->stalled = true;
  for (std::int64_t first = 0; first != 100; ++first)
    arrive(make_batch({login_json()}, first));
  run_until_idle();
  const auto read_while_stalled = sink->sent.size();
  CAF_CHECK(read_while_stalled > 0);
  CAF_CHECK(read_while_stalled < 40);
  CAF_CHECK_EQUAL(metric("millrace_limit_reached_total", "credit"), 1.0);
  sink->resume();
  run_until_idle();
  CAF_CHECK_EQUAL(sink->sent.size(), 100u);
  CAF_CHECK_EQUAL(
    credit("consumer", "granted"),
    static_cast<double>(config.flow.memory_plan().in_flight_bytes()));
  for (const auto* stage : {"consumer", "lane", "anomaly_detector"})
    CAF_CHECK_EQUAL(credit(stage, "used"), 0.0);
}

CAF_TEST(a_dead_letter_that_cannot_be_written_stops_only_its_partition) {
  config.flow.max_read_ahead = 10;
  start();
  happen(logic::ClientEvent::Kind::assigned, 1);
  run_until_idle();
  sink->answer = [](const SentRecord& record) {
    return tests::SinkScript::Answer{
      record.destination != Destination::dead_letters,
      logic::DeliveryFault::transient, "no such topic"};
  };
  arrive(make_batch({"bad"}, 0, 0));
  for (std::int64_t first = 1; first != 60; ++first) {
    arrive(make_batch({login_json()}, first, 0));
    arrive(make_batch({login_json()}, first - 1, 1));
  }
  pass(3s);
  CAF_CHECK(log->count("a dead letter cannot be written; its partition waits "
                       "until it can")
            >= 1);
  std::size_t of_first = 0;
  for (const auto& record : sent(Destination::output))
    of_first += record.value.find(R"("partition":0)") != std::string::npos;
  CAF_CHECK(of_first <= 12);
  CAF_CHECK_EQUAL(sent(Destination::output).size() - of_first, 59u);
  sink->answer = [](const SentRecord&) { return tests::SinkScript::Answer{}; };
  pass(15s);
  CAF_CHECK_EQUAL(sent(Destination::output).size(), 118u);
}

CAF_TEST(an_output_that_was_created_anew_is_told_and_counted) {
  start();
  logic::ClientEvent event;
  event.kind = logic::ClientEvent::Kind::recreated;
  event.topic = "the-output";
  sink->events.push_back(event);
  sink->wake();
  run_until_idle();
  CAF_CHECK_EQUAL(log->count("a topic that is written to was created anew"),
                  1u);
  CAF_CHECK_EQUAL(metric("millrace_topics_recreated_total", "the-output"), 1.0);
}

CAF_TEST(a_client_that_may_not_read_ends_the_node) {
  start();
  logic::ClientEvent event;
  event.kind = logic::ClientEvent::Kind::failed;
  event.error = {logic::ErrorCode::not_found, "no offset to begin with"};
  source->events.push_back(event);
  source->wake();
  run_until_idle();
  CAF_REQUIRE_EQUAL(deaths.size(), 1u);
  CAF_CHECK(deaths[0].starts_with("consumer: "));
}

CAF_TEST_FIXTURE_SCOPE_END()
