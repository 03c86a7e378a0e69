#define CAF_SUITE intake

#include "tests/support/eventually.hpp"
#include "tests/support/node_process.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;

CAF_TEST_FIXTURE_SCOPE(intake_tests, tests::KafkaFixture)

CAF_TEST(without_an_offset_and_a_reset_the_node_ends_at_once) {
  generate(100);
  const auto begin = std::chrono::steady_clock::now();
  NodeProcess node{kafka.bootstrap_servers, {"kafka.auto_offset_reset=none"}};
  CAF_CHECK_EQUAL(node.wait(60s), 11);
  // Starting and joining the group take some seconds; the end takes none.
  CAF_CHECK(std::chrono::steady_clock::now() - begin < 20s);
  CAF_CHECK(node.log().find("kafka.auto_offset_reset is none")
            != std::string::npos);
}

CAF_TEST(two_signals_at_once_are_one_and_the_node_drains) {
  generate(10'000);
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(eventually(60s, [&] { return node.finished() > 500; }));
  node.send_signal(SIGTERM);
  node.send_signal(SIGTERM);
  node.send_signal(SIGINT);
  CAF_CHECK_EQUAL(node.wait(40s), 0);
  NodeProcess next{kafka.bootstrap_servers};
  CAF_CHECK(all_ended());
  CAF_CHECK_EQUAL(next.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(the_rate_limit_keeps_the_rest_at_the_broker) {
  generate(3'000, 0);
  NodeProcess node{kafka.bootstrap_servers,
                   {"flow.rate_limit=200", "flow.rate_burst=100"}};
  CAF_CHECK(eventually(60s, [&] { return node.finished() >= 100; }));
  const auto begin = std::chrono::steady_clock::now();
  const auto before = node.finished();
  CAF_CHECK(eventually(60s, [&] { return node.finished() >= before + 1'000; }));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now()
                                             - begin;
  CAF_CHECK(took > 4s);
  const auto consumer = node.status_of("consumer");
  CAF_CHECK_EQUAL(consumer.at("rate_limit").to_number<std::int64_t>(), 200);
  CAF_CHECK(consumer.at("rate_limited").as_bool());
  CAF_CHECK_EQUAL(node.http_code("/health/ready"), 200);
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST(an_idle_partition_shows_where_it_stands_after_a_restart) {
  generate(400, 0);
  {
    NodeProcess node{kafka.bootstrap_servers};
    CAF_CHECK(all_settled(node));
    CAF_CHECK_EQUAL(node.stop(), 0);
  }
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(eventually(60s, [&] {
    const auto consumer = node.status_of("consumer");
    if (consumer.empty() || consumer.at("partitions").as_array().size() != 4)
      return false;
    for (const auto& each : consumer.at("partitions").as_array()) {
      const auto& line = each.as_object();
      if (line.at("lag_records").is_null() || line.at("committed").is_null()
          || line.at("lag_records").to_number<std::int64_t>() != 0
          || line.at("committed").to_number<std::int64_t>() == 0)
        return false;
    }
    return true;
  }));
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST(a_record_larger_than_the_budget_passes_alone) {
  // No room for it in the budget of 8 MiB, three quarters of which is credit.
  const std::string padding(9U << 20U, 'x');
  const std::string large
    = R"({"user_id":"u-1","app_version":"2.3.0","device_type":"iOS",)"
      R"("ip":"8.8.8.8","locale":"WA","device_id":"d-1",)"
      R"("timestamp":1720589697,"pad":")"
      + padding + "\"}";
  kafka.max_message = logic::ByteSize{32U << 20U};
  generate(500, 0);
  write({large});
  generate(500, 0, 2);
  NodeProcess node{
    kafka.bootstrap_servers,
    {"flow.memory_budget=8388608", "kafka.max_message=33554432"}};
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
