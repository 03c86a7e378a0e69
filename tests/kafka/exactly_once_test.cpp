#define CAF_SUITE exactly_once

#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;
using tests::Program;

namespace {

struct Fixture : tests::RealKafkaFixture {
  Fixture() { create_topics(); }

  std::vector<std::string>
  settings_of(const std::string& name,
              const std::vector<std::string>& more = {}) const {
    auto settings = names();
    settings.insert(settings.end(),
                    {"kafka.session_timeout=6s", "node.name=" + name,
                     "delivery.guarantee=exactly_once"});
    settings.insert(settings.end(), more.begin(), more.end());
    return settings;
  }

  NodeProcess start_node(const std::string& name,
                         const std::vector<std::string>& more = {}) {
    return NodeProcess{kafka.bootstrap_servers, settings_of(name, more)};
  }

  void check_exactly_once() {
    CAF_CHECK(all_ended());
    CAF_CHECK(proven(Guarantee::exactly_once));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(exactly_once_tests, Fixture)

CAF_TEST(readers_of_committed_records_see_each_once) {
  generate(20'000);
  auto node = start_node("a");
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
  check_exactly_once();
}

CAF_TEST(a_node_that_is_killed_doubles_nothing) {
  // For longer than the sessions that must expire, so that each life finds
  // something to do. More of them, at random points, are in kills_test.cpp.
  auto load = start_load(1'200, 24'000);
  for (int life = 0; life != 2; ++life) {
    auto node = start_node("a");
    const auto before = 500 + 300 * static_cast<std::uint64_t>(life);
    CAF_CHECK(eventually(60s, [&] { return node.finished() > before; }));
    node.send_signal(SIGKILL);
    CAF_CHECK_EQUAL(node.wait(5s), -SIGKILL);
  }
  CAF_CHECK_EQUAL(load.wait(60s), 0);
  auto node = start_node("a");
  check_exactly_once();
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST(partitions_move_from_node_to_node) {
  auto load = start_load(1'500, 30'000);
  const auto at_work = [](NodeProcess& node) {
    return eventually(60s, [&node] { return node.finished() > 1'000; });
  };
  const auto start_first = [this] {
    return std::make_unique<NodeProcess>(kafka.bootstrap_servers,
                                         settings_of("a"));
  };
  auto first = start_first();
  CAF_CHECK(at_work(*first));
  auto second = start_node("b");
  CAF_CHECK(at_work(second));
  CAF_CHECK_EQUAL(first->stop(), 0);
  first = start_first();
  CAF_CHECK(at_work(*first));
  CAF_CHECK_EQUAL(load.wait(60s), 0);
  check_exactly_once();
  CAF_CHECK_EQUAL(first->stop(), 0);
  CAF_CHECK_EQUAL(second.stop(), 0);
}

CAF_TEST(a_zombie_commits_nothing) {
  auto load = start_load(1'500, 45'000);
  auto first = start_node("a");
  auto second = start_node("b");
  CAF_CHECK(eventually(60s, [&] {
    return first.finished() > 1'000 && second.finished() > 1'000;
  }));
  first.send_signal(SIGSTOP);
  // The group goes on without it.
  CAF_CHECK(eventually(60s, [&] {
    return second.held_partitions() == static_cast<std::size_t>(partitions);
  }));
  const auto finished = second.finished();
  CAF_CHECK(
    eventually(60s, [&] { return second.finished() > finished + 2'000; }));
  first.send_signal(SIGCONT);
  CAF_CHECK_EQUAL(load.wait(60s), 0);
  check_exactly_once();
  CAF_CHECK_EQUAL(first.stop(), 0);
  CAF_CHECK_EQUAL(second.stop(), 0);
}

CAF_TEST(two_nodes_of_one_name_are_told_apart) {
  generate(2'000);
  auto first = start_node("a");
  CAF_CHECK(all_settled(first));
  auto second = start_node("a");
  generate(2'000, 0.05, 2);
  CAF_CHECK(eventually(60s, [&] {
    return first.log().find("node.name of its own") != std::string::npos
           || second.log().find("node.name of its own") != std::string::npos;
  }));
  second.send_signal(SIGKILL);
  second.wait(5s);
  check_exactly_once();
}

CAF_TEST(what_the_output_refuses_is_a_dead_letter_once) {
  topic_settings[kafka.output_topic + "-small"]["max.message.bytes"] = "2000";
  kafka.output_topic += "-small";
  create_topics();
  std::vector<std::string> values;
  const std::string filler(3'000, 'x');
  for (int index = 0; index != 300; ++index)
    values.push_back(R"({"user_id":"u)" + std::to_string(index)
                     + R"(","app_version":"1","device_type":"iOS","more":")"
                     + (index % 100 == 50 ? filler : std::string{}) + "\"}");
  write(values);
  auto node = start_node("a");
  check_exactly_once();
  CAF_CHECK_EQUAL(judge(Guarantee::exactly_once).total.dead, 3u);
  for (const auto* result : {"committed", "aborted"})
    CAF_CHECK(node.page("/metrics")
                .find("millrace_transactions_total{result=\""
                      + std::string{result} + "\"} 0\n")
              == std::string::npos);
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST(a_broker_that_is_killed_costs_nothing) {
  auto node = start_node("a", {"kafka.session_timeout=30s"});
  auto load = start_load(2'000, 16'000);
  CAF_CHECK(eventually(60s, [&] { return node.finished() > 1'000; }));
  broker().end(SIGKILL);
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 503; }));
  broker().start();
  CAF_CHECK_EQUAL(load.wait(60s), 0);
  check_exactly_once();
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
