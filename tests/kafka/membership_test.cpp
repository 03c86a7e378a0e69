#define CAF_SUITE membership

#include "node/lifecycle/exit_code.hpp"
#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;
using tests::Program;

namespace {

using NodePtr = std::unique_ptr<NodeProcess>;

/// How often the node's log has these words.
std::size_t count(const NodeProcess& node, std::string_view words) {
  const auto log = node.log();
  std::size_t found = 0;
  for (auto at = log.find(words); at != std::string::npos;
       at = log.find(words, at + words.size()))
    ++found;
  return found;
}

struct Fixture : tests::RealKafkaFixture {
  Fixture() { create_topics(); }

  NodePtr start_node(const std::string& name,
                     const std::vector<std::string>& more = {}) {
    auto settings = names();
    // Much longer than a restart takes. Where the brokers decide it is to be
    // left at this, the default.
    settings.insert(settings.end(),
                    {"node.name=" + name, "kafka.static_membership=true",
                     "kafka.session_timeout=30s"});
    settings.insert(settings.end(), more.begin(), more.end());
    return std::make_unique<NodeProcess>(kafka.bootstrap_servers, settings);
  }

  /// Two of them, each with a share.
  void start_both(NodePtr& first, NodePtr& second,
                  const std::vector<std::string>& more = {}) {
    first = start_node("a", more);
    CAF_REQUIRE(eventually(60s, [&] { return holds(*first, partitions); }));
    second = start_node("b", more);
    CAF_REQUIRE(eventually(60s, [&] {
      return holds(*first, partitions / 2) && holds(*second, partitions / 2);
    }));
  }

  static bool holds(NodeProcess& node, std::int32_t count) {
    return node.held_partitions() == static_cast<std::size_t>(count);
  }

  /// One of two nodes ends by `signal` under load and is started again: it is
  /// back at its partitions at once, and the other one has noticed nothing.
  void restart_under_the_same_name(int signal,
                                   const std::vector<std::string>& more,
                                   Guarantee guarantee) {
    NodePtr node;
    NodePtr other;
    start_both(node, other, more);
    auto load = start_load(1'000, 15'000);
    CAF_CHECK(eventually(
      60s, [&] { return node->finished() > 500 && other->finished() > 500; }));
    const auto changes = count(*other, "partitions assigned");
    node->send_signal(signal);
    node->wait(30s);
    const auto begin = std::chrono::steady_clock::now();
    node = start_node("a", more);
    CAF_CHECK(eventually(20s, [&] { return node->finished() > 0; }));
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
    std::cerr << "from start to first output after signal " << signal << ": "
              << took.count() << " ms\n";
    // Far from the session time-out of 30 s, on however busy a machine.
    CAF_CHECK_LESS(took, 10s);
    CAF_CHECK(holds(*node, partitions / 2));
    CAF_CHECK_EQUAL(load.wait(60s), 0);
    CAF_CHECK(all_ended());
    CAF_CHECK_EQUAL(count(*other, "partitions assigned"), changes);
    CAF_CHECK_EQUAL(count(*other, "giving partitions back"), 0u);
    CAF_CHECK_EQUAL(node->stop(), 0);
    CAF_CHECK_EQUAL(other->stop(), 0);
    CAF_CHECK(proven(guarantee));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(membership_tests, Fixture)

CAF_TEST(a_node_that_is_killed_comes_back_to_its_partitions) {
  restart_under_the_same_name(SIGKILL, {}, Guarantee::at_least_once);
}

CAF_TEST(a_node_that_is_killed_comes_back_with_each_record_once) {
  restart_under_the_same_name(SIGKILL, {"delivery.guarantee=exactly_once"},
                              Guarantee::exactly_once);
}

CAF_TEST(a_restart_in_order_moves_no_partition) {
  restart_under_the_same_name(SIGTERM, {}, Guarantee::exactly_once);
}

CAF_TEST(of_two_nodes_of_one_name_the_first_ends_and_says_so) {
  generate(2'000);
  auto first = start_node("a");
  CAF_CHECK(all_settled(*first));
  auto second = start_node("a");
  CAF_CHECK_EQUAL(first->wait(30s), to_int(node::ExitCode::name_taken));
  for (const auto* words :
       {"another node took this one's place in the group",
        "as member \\\"a\\\" of group", "give each a node.name of its own"})
    CAF_CHECK(first->log().find(words) != std::string::npos);
  generate(2'000, 0.05, 2);
  CAF_CHECK(all_ended());
  CAF_CHECK_EQUAL(second->stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(where_the_brokers_assign_the_second_of_a_name_waits_for_the_first) {
  const std::vector<std::string> by_brokers{"kafka.group_protocol=consumer"};
  generate(2'000);
  auto first = start_node("a", by_brokers);
  CAF_CHECK(all_settled(*first));
  auto second = start_node("a", by_brokers);
  CAF_CHECK(eventually(30s, [&] {
    return count(*second, "another node runs under this node's name") != 0;
  }));
  CAF_CHECK_EQUAL(second->http_code("/health/ready"), 503);
  CAF_CHECK(holds(*first, partitions));
  CAF_CHECK_EQUAL(first->stop(), 0);
  generate(2'000, 0.05, 2);
  CAF_CHECK(all_ended());
  CAF_CHECK(
    eventually(30s, [&] { return second->http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(second->stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST_FIXTURE_SCOPE_END()
