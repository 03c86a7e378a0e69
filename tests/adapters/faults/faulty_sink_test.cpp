#define CAF_SUITE faulty_sink

#include "adapters/faults/client_faults.hpp"
#include "tests/adapters/faults/client_faults_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <array>
#include <string>

using namespace millrace::adapters::faults;
using namespace millrace::adapters::faults::test;
using namespace std::chrono_literals;

namespace {

/// A sink that writes down how it was called.
struct LoggingSink final : RecordSink {
  explicit LoggingSink(std::vector<std::string>& log) : calls(log) {}
  void on_ready(std::function<void()>) override { calls.push_back("ready"); }
  std::size_t send(std::span<const OutgoingRecord> records) override {
    calls.push_back("send " + std::to_string(records.size()));
    return records.size() / 2;
  }
  void take_reports(DeliveryReports& reports) override {
    reports.clear();
    reports.events.push_back({Kind::recovered, {}, {}});
    calls.push_back("reports");
  }
  std::size_t queued_records() const override { return 42; }
  void hurry() override { calls.push_back("hurry"); }
  void close(std::chrono::milliseconds deadline) override {
    calls.push_back("close " + std::to_string(deadline.count()));
  }
  std::vector<std::string>& calls;
};

} // namespace

CAF_TEST(without_orders_a_sink_is_called_as_it_would_be) {
  std::vector<std::string> calls;
  const auto sink = make_faulty_sink(std::make_unique<LoggingSink>(calls),
                                     std::make_shared<ClientFaults>());
  sink->on_ready([] {});
  CAF_CHECK_EQUAL(sink->send(outputs(10)), 5u);
  CAF_CHECK_EQUAL(sink->queued_records(), 42u);
  sink->hurry();
  DeliveryReports reports;
  sink->take_reports(reports);
  CAF_CHECK_EQUAL(reports.events.size(), 1u);
  sink->close(77ms);
  sink->take_reports(reports);
  CAF_CHECK_EQUAL(reports.events.size(), 1u);
  const std::vector<std::string> expected{"ready",   "send 10",  "hurry",
                                          "reports", "close 77", "reports"};
  CAF_CHECK_EQUAL(calls, expected);
}

CAF_TEST(a_client_wakes_its_latest_owner_once_until_that_looks) {
  SinkFixture f;
  f.script->wake();
  f.script->wake();
  f.client_faults->fence_producer();
  CAF_CHECK_EQUAL(f.wakes, 1);
  int others = 0;
  f.sink->on_ready([&others] { ++others; });
  CAF_CHECK_EQUAL(others, 1); // for what came before
  f.look();
  f.script->wake();
  f.script->wake();
  CAF_CHECK_EQUAL(others, 2);
  CAF_CHECK_EQUAL(f.wakes, 0);
}

CAF_TEST(a_client_that_is_closed_or_gone_wakes_nobody) {
  for (const bool closed : {true, false}) {
    SinkFixture f;
    if (closed)
      f.sink->close(1ms);
    else
      f.sink.reset();
    f.script->wake();
    f.client_faults->fence_producer();
    CAF_CHECK_EQUAL(f.wakes, 0);
  }
}

// -- Deliveries ---------------------------------------------------------------

CAF_TEST(deliveries_that_fail_are_reported_and_not_sent) {
  SinkFixture f;
  f.script->stalled = true;
  f.client_faults->fail_deliveries(1);
  f.client_faults->fail_deliveries(1);
  CAF_CHECK_EQUAL(f.sink->send(outputs(4)), 4u);
  CAF_CHECK_EQUAL(f.wakes, 1);
  CAF_CHECK_EQUAL(f.sink->queued_records(), 4u);
  CAF_CHECK_EQUAL(indexes(f.script->sent), (Indexes{2, 3}));
  f.look();
  CAF_CHECK_EQUAL(f.sink->queued_records(), 2u);
  CAF_CHECK(f.reports.delivered.empty());
  CAF_CHECK(f.reports.events.empty());
  CAF_CHECK_EQUAL(indexes(f.reports.failed), (Indexes{0, 1}));
  for (const auto& failure : f.reports.failed) {
    CAF_CHECK(failure.fault == DeliveryFault::transient);
    CAF_CHECK_EQUAL(failure.text, "fault on purpose: delivery failed");
  }
  f.script->resume();
  f.look();
  CAF_CHECK_EQUAL(delivered(f.reports), 2u);
  CAF_CHECK(f.reports.failed.empty());
  CAF_CHECK_EQUAL(f.sink->queued_records(), 0u);
}

CAF_TEST(only_outputs_fail_and_what_stands_before_them_is_sent_first) {
  SinkFixture f;
  f.script->capacity = 2;
  f.script->stalled = true;
  f.client_faults->fail_deliveries(1);
  const std::vector<OutgoingRecord> records{
    record(0, Destination::dead_letters), record(1, Destination::insights),
    record(2, Destination::dead_letters), record(3)};
  CAF_CHECK_EQUAL(f.sink->send(records), 2u); // full before the output
  CAF_CHECK_EQUAL(f.wakes, 0);
  CAF_CHECK(f.look().failed.empty());
  f.script->capacity = 3;
  CAF_CHECK_EQUAL(f.sink->send(std::span{records}.subspan(2)), 2u);
  CAF_CHECK_EQUAL(indexes(f.script->sent), (Indexes{0, 1, 2}));
  CAF_CHECK_EQUAL(indexes(f.look().failed), Indexes{3});
}

CAF_TEST(failures_on_purpose_are_still_reported_by_a_closed_sink) {
  SinkFixture f;
  f.client_faults->fail_deliveries(3);
  f.sink->send(outputs(1));
  f.client_faults->fence_producer();
  f.sink->send(outputs(1, 1));
  f.sink->close(10ms);
  CAF_CHECK(f.script->closed);
  f.look();
  CAF_CHECK_EQUAL(indexes(f.reports.failed), (Indexes{0, 1}));
  CAF_CHECK(f.reports.failed[1].fault == DeliveryFault::fatal);
  CAF_CHECK(f.reports.events.empty());
  CAF_CHECK_EQUAL(f.sink->queued_records(), 0u);
  CAF_CHECK(f.look().failed.empty());
  // What is left of the order is for the next client.
  f.sink->send(outputs(1, 2));
  CAF_CHECK_EQUAL(indexes(f.script->sent), Indexes{2});
}

// -- Reports ------------------------------------------------------------------

CAF_TEST(lost_reports_are_counted_per_record_over_slots_and_calls) {
  SinkFixture f;
  f.client_faults->lose_reports(5);
  f.script->reports.delivered = {{1, 2}, {2, 4}, {1, 1}};
  f.script->reports.failed = {{{1, 9}, DeliveryFault::record, "no"}};
  f.look();
  CAF_CHECK_EQUAL(f.reports.delivered.size(), 2u);
  CAF_CHECK(counts(f.reports) == (Counts{{1, 1}, {2, 1}}));
  CAF_CHECK_EQUAL(f.reports.failed.size(), 1u);
  f.client_faults->lose_reports(2);
  f.script->reports.delivered = {{1, 1}};
  CAF_CHECK(f.look().delivered.empty());
  f.script->reports.delivered = {{1, 3}};
  CAF_CHECK_EQUAL(delivered(f.look()), 2u);
}

CAF_TEST(an_owner_sees_that_a_report_is_lost_by_nothing_being_queued) {
  SinkFixture f;
  f.client_faults->lose_reports(1);
  f.script->stalled = true;
  f.sink->send(outputs(2));
  CAF_CHECK_EQUAL(f.sink->queued_records(), 2u);
  f.script->resume();
  CAF_CHECK_EQUAL(delivered(f.look()), 1u);
  CAF_CHECK_EQUAL(f.script->sent.size(), 2u);
  CAF_CHECK_EQUAL(f.sink->queued_records(), 0u);
}

// -- The fence ----------------------------------------------------------------

CAF_TEST(a_fenced_client_says_so_when_all_it_had_taken_is_reported) {
  SinkFixture f;
  f.script->stalled = true;
  f.sink->send(outputs(2));
  f.client_faults->fence_producer();
  CAF_CHECK_EQUAL(f.wakes, 1);
  auto more = outputs(1, 2);
  more.push_back(record(3, Destination::dead_letters));
  CAF_CHECK_EQUAL(f.sink->send(more), 2u);
  CAF_CHECK_EQUAL(f.script->sent.size(), 2u);
  f.look();
  CAF_CHECK(f.reports.failed.empty());
  CAF_CHECK(f.reports.events.empty());
  CAF_CHECK_EQUAL(f.sink->queued_records(), 4u);
  f.script->resume();
  CAF_CHECK_EQUAL(f.wakes, 1);
  f.look();
  CAF_CHECK_EQUAL(delivered(f.reports), 2u);
  CAF_CHECK_EQUAL(indexes(f.reports.failed), (Indexes{2, 3}));
  CAF_CHECK(f.reports.failed[0].fault == DeliveryFault::fatal);
  CAF_CHECK_EQUAL(f.reports.failed[0].text, "fault on purpose: fenced");
  CAF_REQUIRE_EQUAL(f.reports.events.size(), 1u);
  CAF_CHECK(f.reports.events[0].kind == Kind::failed);
  CAF_CHECK(f.reports.events[0].error.code == ErrorCode::fenced);
  CAF_CHECK_EQUAL(f.reports.events[0].error.text, "fault on purpose: fenced");
  CAF_CHECK_EQUAL(f.sink->queued_records(), 0u);
  CAF_CHECK_EQUAL(f.sink->send(outputs(1, 4)), 1u);
  CAF_CHECK_EQUAL(f.wakes, 1);
  f.look();
  CAF_CHECK_EQUAL(indexes(f.reports.failed), Indexes{4});
  CAF_CHECK(f.reports.events.empty()); // said once
}

CAF_TEST(a_fence_passes_on_what_became_of_earlier_records) {
  SinkFixture f;
  f.script->stalled = true;
  f.script->answer = [](const SentRecord&) {
    return SinkScript::Answer{false, DeliveryFault::outage, "no broker"};
  };
  f.sink->send(outputs(1));
  f.client_faults->fence_producer();
  f.sink->send(outputs(1, 1));
  f.script->resume();
  f.script->events.push_back({Kind::fault, {}, {}});
  f.look();
  CAF_REQUIRE_EQUAL(f.reports.failed.size(), 2u);
  CAF_CHECK(f.reports.failed[0].fault == DeliveryFault::outage);
  CAF_CHECK(f.reports.failed[1].fault == DeliveryFault::fatal);
  CAF_REQUIRE_EQUAL(f.reports.events.size(), 2u);
  CAF_CHECK(f.reports.events[0].kind == Kind::fault);
  CAF_CHECK(f.reports.events[1].kind == Kind::failed);
}

CAF_TEST(a_fence_befalls_the_latest_client_and_not_the_one_after_it) {
  SinkFixture f;
  const auto script = std::make_shared<SinkScript>();
  auto next = f.client(script);
  f.client_faults->fence_producer();
  CAF_CHECK(f.look().events.empty());
  next->take_reports(f.reports);
  CAF_CHECK_EQUAL(f.reports.events.size(), 1u);
  next->close(1ms);
  next = f.client(script);
  next->send(outputs(1));
  next->take_reports(f.reports);
  CAF_CHECK_EQUAL(delivered(f.reports), 1u);
  CAF_CHECK(f.reports.events.empty());
}

CAF_TEST(a_fence_without_an_open_client_waits_for_the_next_one) {
  const auto client_faults = std::make_shared<ClientFaults>();
  client_faults->fence_producer();
  std::array<std::size_t, 4> events{};
  for (auto& count : events) {
    const auto script = std::make_shared<SinkScript>();
    const auto sink = make_faulty_sink(std::make_unique<SimulatedSink>(script),
                                       client_faults);
    int wakes = 0;
    sink->on_ready([&wakes] { ++wakes; });
    CAF_CHECK_EQUAL(wakes, 1);
    DeliveryReports reports;
    sink->take_reports(reports);
    count = reports.events.size();
    sink->close(1ms);
    if (&count == &events[1])
      client_faults->fence_producer();
    CAF_CHECK_EQUAL(wakes, 1);
  }
  CAF_CHECK(events == (std::array<std::size_t, 4>{1, 0, 1, 0}));
}
