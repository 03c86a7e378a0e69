#define CAF_SUITE delivery

#include "tests/support/eventually.hpp"
#include "tests/support/node_process.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <csignal>
#include <random>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;

CAF_TEST_FIXTURE_SCOPE(delivery_tests, tests::KafkaFixture)

CAF_TEST(every_record_ends_once_and_in_order) {
  generate(20'000);
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.http_code("/health/ready"), 200);
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(a_second_life_goes_on_where_the_first_committed) {
  generate(5'000);
  {
    NodeProcess node{kafka.bootstrap_servers};
    CAF_CHECK(all_settled(node));
    CAF_CHECK_EQUAL(node.stop(), 0);
  }
  generate(5'000, 0.05, 2);
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(eventually(60s, [&] { return node.finished() >= 5'000; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(stopping_in_mid_flight_loses_and_doubles_nothing) {
  generate(30'000);
  {
    NodeProcess node{kafka.bootstrap_servers};
    CAF_CHECK(eventually(60s, [&] { return node.finished() > 1'000; }));
    CAF_CHECK_EQUAL(node.stop(), 0);
  }
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(all_ended());
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(a_killed_node_loses_nothing) {
  generate(30'000);
  {
    NodeProcess node{kafka.bootstrap_servers};
    CAF_CHECK(eventually(60s, [&] { return node.finished() > 1'000; }));
    node.send_signal(SIGKILL);
    CAF_CHECK_EQUAL(node.wait(5s), -SIGKILL);
  }
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(all_ended());
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::at_least_once));
}

CAF_TEST(partitions_move_between_nodes_without_loss_or_double) {
  generate(10'000);
  NodeProcess first{kafka.bootstrap_servers};
  CAF_CHECK(eventually(60s, [&] { return first.finished() > 1'000; }));
  NodeProcess second{kafka.bootstrap_servers};
  CAF_CHECK(eventually(60s, [&] { return second.held_partitions() > 0; }));
  generate(10'000, 0.05, 2);
  CAF_CHECK(eventually(
    60s, [&] { return first.finished() + second.finished() >= written; }));
  CAF_CHECK_EQUAL(first.stop(), 0);
  generate(5'000, 0.05, 3);
  CAF_CHECK(all_ended());
  CAF_CHECK_EQUAL(second.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(garbage_and_large_records_stop_nothing) {
  std::mt19937 random{3};
  std::vector<std::string> values;
  for (int index = 0; index != 500; ++index) {
    std::string bytes(random() % 300, '\0');
    for (auto& byte : bytes)
      byte = static_cast<char>(random());
    values.push_back(std::move(bytes));
  }
  values.push_back(std::string(900'000, '['));
  values.push_back(
    R"({"user_id":"u","app_version":"1","device_type":"x","pad":")"
    + std::string(900'000, 'p') + "\"}");
  write(values);
  generate(1'000);
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST_FIXTURE_SCOPE_END()
