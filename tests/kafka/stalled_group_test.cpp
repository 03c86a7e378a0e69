#define CAF_SUITE stalled_group

#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <thread>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;

namespace {

struct Fixture : tests::RealKafkaFixture {
  Fixture() { create_topics(); }

  std::string guarantee = "exactly_once";

  NodeProcess start_node(const std::string& name) {
    auto settings = names();
    settings.insert(settings.end(),
                    {"node.name=" + name, "delivery.guarantee=" + guarantee,
                     "kafka.session_timeout=45s"});
    return NodeProcess{kafka.bootstrap_servers, settings};
  }

  void ends_in_a_stalled_group() {
    auto node = start_node("a");
    auto frozen = start_node("b");
    CAF_REQUIRE(eventually(60s, [&] {
      return holds(node, partitions / 2) && holds(frozen, partitions / 2);
    }));
    generate(2'000);
    CAF_CHECK(eventually(
      60s, [&] { return node.finished() + frozen.finished() == written; }));
    frozen.send_signal(SIGSTOP);
    auto third = start_node("c");
    // The next heartbeat tells the node, which then asks to join and has no
    // answer; but nobody can see that from outside. The session of the one that
    // is frozen is much longer.
    std::this_thread::sleep_for(10s);
    const auto begin = std::chrono::steady_clock::now();
    CAF_CHECK_EQUAL(node.stop(), 0);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
    std::cerr << "the node ended in " << took.count() << " ms\n";
    CAF_CHECK_LESS(took, 8s);
    CAF_CHECK(
      node.log().find("the group did not take note that this node leaves")
      != std::string::npos);
    frozen.send_signal(SIGCONT);
    CAF_CHECK(all_ended());
    CAF_CHECK_EQUAL(frozen.stop(), 0);
    CAF_CHECK_EQUAL(third.stop(), 0);
    CAF_CHECK(proven(Guarantee::exactly_once));
  }

  static bool holds(NodeProcess& node, std::int32_t count) {
    return node.held_partitions() == static_cast<std::size_t>(count);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(stalled_group_tests, Fixture)

CAF_TEST(a_node_ends_though_the_group_waits_for_another) {
  ends_in_a_stalled_group();
}

CAF_TEST(so_it_does_where_it_commits_by_itself) {
  guarantee = "at_least_once";
  ends_in_a_stalled_group();
}

CAF_TEST_FIXTURE_SCOPE_END()
