#define CAF_SUITE live

// Whole nodes as processes on the embedded broker, broken by orders over the
// control endpoint, with the delivery judge to look at the end.

#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node_process.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;

namespace {

const std::vector<std::string> breakable{
  "fault_injection.enabled=true",         "fault_injection.token=t",
  "supervision.hang_deadline=1s",         "supervision.client_hang_deadline=3s",
  "supervision.heartbeat_interval=200ms", "supervision.restart_limit=1000"};

std::vector<std::string> with(std::vector<std::string> settings,
                              const std::vector<std::string>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

struct Fixture : tests::KafkaFixture {
  /// Breaks a node under load in this way; it must end well nevertheless.
  bool survives(const std::vector<std::string>& orders) {
    NodeProcess node{kafka.bootstrap_servers, breakable};
    if (!eventually(60s,
                    [&] { return node.http_code("/health/ready") == 200; }))
      return false;
    for (const auto& order : orders) {
      generate(2'000, 0.05, ++seed_);
      if (node.order_fault("t", order) != 200) {
        std::cerr << "refused: " << order << '\n';
        return false;
      }
    }
    generate(2'000, 0.05, ++seed_);
    const bool ended = all_ended();
    const int code = node.stop();
    return ended && code == 0 && proven(Guarantee::exactly_once);
  }

private:
  std::uint64_t seed_ = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(live_tests, Fixture)

CAF_TEST(every_actor_may_crash_under_load) {
  CAF_CHECK(survives(
    {"crash consumer", "crash dispatcher", "crash producer", "crash validator",
     "crash enricher 0", "crash encoder 1 after 1", "crash anomaly_detector 0",
     "crash insights", "crash trainer", "crash enricher", "crash encoder"}));
}

CAF_TEST(every_actor_may_hang_under_load) {
  CAF_CHECK(survives({"hang validator 0 for 3s"}));
  CAF_CHECK(survives({"hang anomaly_detector 1 for 3s"}));
  CAF_CHECK(survives({"hang dispatcher for 3s"}));
  CAF_CHECK(survives({"hang producer for 8s"}));
  CAF_CHECK(survives({"hang consumer for 8s"}));
}

CAF_TEST(slow_stages_and_lost_credit_cost_time_only) {
  CAF_CHECK(survives({"slow enricher 0 for 20ms times 5",
                      "slow producer for 10ms times 5", "drop credit times 3",
                      "exhaust credit for 500ms"}));
}

CAF_TEST(clients_that_fail_are_replaced) {
  CAF_CHECK(survives({"fail commits times 3", "fence producer"}));
}

CAF_TEST(records_refused_for_the_moment_are_sent_again) {
  {
    NodeProcess node{kafka.bootstrap_servers, breakable};
    CAF_REQUIRE(
      eventually(60s, [&] { return node.http_code("/health/ready") == 200; }));
    CAF_REQUIRE_EQUAL(node.order_fault("t", "fail deliveries times 20"), 200);
    generate(3'000);
    CAF_CHECK(all_ended());
    CAF_CHECK_EQUAL(node.stop(), 0);
  }
  // They come after their successors, and that is all.
  const auto total = judge(Guarantee::exactly_once).total;
  CAF_CHECK_EQUAL(total.lost, 0u);
  CAF_CHECK_EQUAL(total.doubled, 0u);
  CAF_CHECK_LESS_OR_EQUAL(total.swapped, 20u);
}

CAF_TEST(lost_reports_double_and_lose_nothing) {
  NodeProcess node{kafka.bootstrap_servers, breakable};
  CAF_REQUIRE(
    eventually(60s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_REQUIRE_EQUAL(node.order_fault("t", "lose reports times 5"), 200);
  generate(3'000);
  CAF_CHECK(all_ended());
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::at_least_once));
}

CAF_TEST(more_hung_actors_than_there_are_spare_threads_end_the_node) {
  NodeProcess node{kafka.bootstrap_servers,
                   with(breakable, {"supervision.max_hung=1",
                                    "delivery.shutdown_deadline=3s"})};
  CAF_REQUIRE(
    eventually(60s, [&] { return node.http_code("/health/ready") == 200; }));
  node.order_fault("t", "hang validator 0 for 30s");
  node.order_fault("t", "hang encoder 1 for 30s");
  const int code = node.wait(30s);
  CAF_CHECK(code == 6 || code == 7);
}

CAF_TEST(a_shutdown_ends_in_time_whatever_hangs) {
  for (const auto* order :
       {"hang validator 0 for 60s", "hang consumer for 60s",
        "hang producer for 60s", "hang dispatcher for 60s"}) {
    NodeProcess node{kafka.bootstrap_servers,
                     with(breakable, {"delivery.shutdown_deadline=4s"})};
    CAF_REQUIRE(
      eventually(60s, [&] { return node.http_code("/health/ready") == 200; }));
    CAF_CHECK_EQUAL(node.order_fault("t", order), 200);
    node.send_signal(SIGTERM);
    const int code = node.wait(12s);
    CAF_CHECK(code == 0 || code == 6 || code == 7);
  }
}

CAF_TEST(faults_are_refused_without_the_token_and_unless_enabled) {
  NodeProcess node{kafka.bootstrap_servers, breakable};
  CAF_REQUIRE(
    eventually(60s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(node.order_fault("wrong", "crash consumer"), 403);
  CAF_CHECK_EQUAL(node.order_fault("t", "crash nobody"), 400);
  CAF_CHECK_EQUAL(node.order_fault("t", "broker down for 1s"), 409);
  CAF_CHECK_EQUAL(node.stop(), 0);
  NodeProcess ordinary{kafka.bootstrap_servers};
  CAF_REQUIRE(eventually(
    60s, [&] { return ordinary.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(ordinary.order_fault("t", "crash consumer"), 403);
  CAF_CHECK_EQUAL(ordinary.stop(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
