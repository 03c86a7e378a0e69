#define CAF_SUITE outage

#include "tests/support/eventually.hpp"
#include "tests/support/node_process.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <optional>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;

CAF_TEST_FIXTURE_SCOPE(outage_tests, tests::KafkaFixture)

CAF_TEST(a_broker_that_is_away_for_a_while_costs_nothing) {
  generate(5'000);
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(eventually(60s, [&] { return node.finished() > 500; }));
  CAF_REQUIRE(broker->take_down(1).has_value());
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 503; }));
  CAF_REQUIRE(broker->bring_up(1).has_value());
  generate(5'000, 0.05, 2);
  CAF_CHECK(all_ended());
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::at_least_once));
}

CAF_TEST(a_node_without_a_broker_waits_for_it) {
  generate(1'000);
  CAF_REQUIRE(broker->take_down(1).has_value());
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 503; }));
  CAF_CHECK_EQUAL(node.http_code("/health/live"), 200);
  CAF_REQUIRE(broker->bring_up(1).has_value());
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(errors_of_the_broker_are_got_over) {
  for (const auto* error :
       {"NOT_LEADER_FOR_PARTITION", "NOT_ENOUGH_REPLICAS", "REQUEST_TIMED_OUT"})
    CAF_REQUIRE(broker->fail_requests("Produce", error, 3).has_value());
  CAF_REQUIRE(
    broker->fail_requests("Fetch", "NOT_LEADER_FOR_PARTITION", 3).has_value());
  CAF_REQUIRE(
    broker->fail_requests("OffsetCommit", "COORDINATOR_LOAD_IN_PROGRESS", 2)
      .has_value());
  generate(10'000);
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::at_least_once));
}

CAF_TEST(memory_stays_in_the_budget_while_the_sink_stalls) {
  constexpr std::uint64_t budget_bytes = 16ULL << 20;
  constexpr std::uint64_t allowance_bytes = 64ULL << 20;
  // A quarter of a gigabyte waits: sixteen times the budget.
  const std::string padding(2'000, 'x');
  std::vector<std::string> values(
    100'000, R"({"user_id":"u-1","app_version":"2.3.0","device_type":"iOS",)"
             R"("pad":")"
               + padding + "\"}");
  write(values);
  CAF_REQUIRE(broker->fail_requests("Produce", "NOT_ENOUGH_REPLICAS", 1'000'000)
                .has_value());
  NodeProcess node{kafka.bootstrap_servers,
                   {"flow.memory_budget=" + std::to_string(budget_bytes)}};
  auto credit = [&]() -> std::optional<std::int64_t> {
    const auto consumer = node.status_of("consumer");
    if (consumer.empty())
      return std::nullopt;
    return consumer.at("credit_bytes").to_number<std::int64_t>();
  };
  CAF_CHECK(eventually(60s, [&] { return credit().value_or(1) <= 0; }));
  // Whatever else would still grow has time to do so.
  std::uint64_t worst = 0;
  CAF_CHECK(!eventually(5s, [&] {
    worst = std::max(worst, node.resident_bytes());
    return credit().value_or(0) > 0;
  }));
  if (tests::sanitized())
    std::cerr << "skipped: resident memory, which a sanitizer inflates\n";
  else
    CAF_CHECK_LESS_OR_EQUAL(worst, budget_bytes + allowance_bytes);
  node.send_signal(SIGKILL);
}

CAF_TEST(a_shutdown_without_a_broker_ends_in_time) {
  generate(2'000);
  NodeProcess node{kafka.bootstrap_servers, {"delivery.shutdown_deadline=3s"}};
  CAF_CHECK(eventually(60s, [&] { return node.finished() > 100; }));
  CAF_REQUIRE(broker->take_down(1).has_value());
  node.send_signal(SIGTERM);
  const int code = node.wait(15s);
  // All may have been settled before the broker went; but nothing may hang.
  CAF_CHECK(code == 0 || code == 6);
  if (code != 0 && code != 6)
    std::cerr << "exit code " << code << '\n' << node.log();
}

CAF_TEST(a_later_second_signal_ends_the_node_at_once) {
  generate(2'000);
  CAF_REQUIRE(broker->fail_requests("Produce", "NOT_ENOUGH_REPLICAS", 1'000'000)
                .has_value());
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(eventually(30s, [&] {
    const auto dispatcher = node.status_of("dispatcher");
    return !dispatcher.empty()
           && dispatcher.at("batches_in_flight").to_number<std::int64_t>() > 0;
  }));
  node.send_signal(SIGTERM);
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 503; }));
  // Sent with the first, it counts as the same.
  node.send_signal(SIGINT);
  CAF_CHECK(eventually(5s, [&] {
    return node.log().find("a second signal at once counts as the same")
           != std::string::npos;
  }));
  CAF_CHECK(node.alive());
  CAF_CHECK(eventually(10s, [&] {
    if (node.alive())
      node.send_signal(SIGINT);
    return !node.alive();
  }));
  CAF_CHECK_EQUAL(node.wait(5s), 130);
}

CAF_TEST_FIXTURE_SCOPE_END()
