#define CAF_SUITE kills

#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <csignal>
#include <iostream>
#include <random>
#include <string>
#include <thread>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::NodeProcess;
using tests::Program;

namespace {

constexpr int kills = 20;

/// A node that is killed at any point, and started again under its name. A
/// hundred of them at full speed are in tests/soak/run.
struct Fixture : tests::RealKafkaFixture {
  Fixture() { create_topics(); }

  NodeProcess start_node(const std::string& guarantee) {
    auto settings = names();
    settings.insert(settings.end(),
                    {"node.name=a", "kafka.static_membership=true",
                     "kafka.session_timeout=30s",
                     "delivery.guarantee=" + guarantee});
    return NodeProcess{kafka.bootstrap_servers, settings};
  }

  void kill_at_random(const std::string& guarantee) {
    auto load = start_load(2'000, 40'000);
    std::mt19937 random{1};
    // A node takes some 400 ms to its first record.
    std::uniform_int_distribution<int> life_ms{200, 1'400};
    for (int kill = 0; kill != kills; ++kill) {
      auto node = start_node(guarantee);
      std::this_thread::sleep_for(std::chrono::milliseconds{life_ms(random)});
      node.send_signal(SIGKILL);
      CAF_CHECK_EQUAL(node.wait(5s), -SIGKILL);
    }
    CAF_CHECK_EQUAL(load.wait(60s), 0);
    auto node = start_node(guarantee);
    CAF_CHECK(all_ended());
    CAF_CHECK_EQUAL(node.stop(), 0);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(kills_tests, Fixture)

CAF_TEST(kills_at_random_points_lose_nothing) {
  kill_at_random("at_least_once");
  CAF_CHECK(proven(Guarantee::at_least_once));
  std::cerr << "doubled by " << kills << " times kill -9: "
            << judge(Guarantee::at_least_once).total.doubled << '\n';
}

CAF_TEST(kills_at_random_points_amid_transactions_lose_and_double_nothing) {
  kill_at_random("exactly_once");
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST_FIXTURE_SCOPE_END()
