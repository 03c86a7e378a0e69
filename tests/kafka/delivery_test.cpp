#define CAF_SUITE delivery

#include "tests/adapters/kafka/kafka_fixture.hpp"
#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <csignal>
#include <deque>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using adapters::kafka::test::Consumer;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;
using tests::Program;

namespace {

struct Fixture : tests::RealKafkaFixture {
  Fixture() { create_topics(); }

  NodeProcess start_node(const std::string& session_timeout = "6s") {
    return start_with("node", {"kafka.session_timeout=" + session_timeout});
  }

  NodeProcess start_with(const std::string& name,
                         const std::vector<std::string>& more) {
    auto settings = names();
    settings.push_back("node.name=" + name);
    settings.insert(settings.end(), more.begin(), more.end());
    return NodeProcess{kafka.bootstrap_servers, settings};
  }

  /// The session is the default, which is to be left where they decide it.
  const std::vector<std::string> by_brokers{"kafka.group_protocol=consumer",
                                            "kafka.session_timeout=30s"};

  /// A node comes, and the one that was there goes.
  void move_between_nodes(const std::vector<std::string>& settings) {
    generate(5'000);
    auto first = start_with("first", settings);
    CAF_CHECK(eventually(60s, [&] { return first.finished() > 1'000; }));
    auto second = start_with("second", settings);
    CAF_CHECK(eventually(60s, [&] { return second.held_partitions() > 0; }));
    generate(5'000, 0.05, 2);
    CAF_CHECK(eventually(
      60s, [&] { return first.finished() + second.finished() >= written; }));
    CAF_CHECK_EQUAL(first.stop(), 0);
    generate(2'000, 0.05, 3);
    CAF_CHECK(all_ended());
    CAF_CHECK_EQUAL(second.stop(), 0);
    CAF_CHECK(proven(Guarantee::exactly_once));
  }

  std::unique_ptr<NodeProcess> start_member(const std::string& assignor) {
    auto settings = names();
    settings.push_back("kafka.assignor=" + assignor);
    settings.emplace_back("kafka.session_timeout=20s");
    settings.emplace_back("kafka.properties=debug=cgrp");
    return std::make_unique<NodeProcess>(kafka.bootstrap_servers, settings);
  }

  static bool ready(NodeProcess& node) {
    return eventually(30s,
                      [&] { return node.http_code("/health/ready") == 200; });
  }

  static bool says(const NodeProcess& node, const std::string& words) {
    return eventually(
      30s, [&] { return node.log().find(words) != std::string::npos; });
  }

  /// How often the node's client has asked to join the group, by what it says
  /// of itself.
  static std::size_t joins(const NodeProcess& node) {
    constexpr std::string_view words = "init -> wait-join";
    const auto log = node.log();
    std::size_t count = 0;
    for (auto at = log.find(words); at != std::string::npos;
         at = log.find(words, at + words.size()))
      ++count;
    return count;
  }

  /// A node ends under load while its group waits for another one to join
  /// again, so that a broker refuses its last commit at first.
  void end_amid_a_rebalance(const std::string& assignor) {
    auto going = start_member(assignor);
    auto slow = start_member(assignor);
    CAF_CHECK(ready(*going));
    CAF_CHECK(ready(*slow));
    auto load = start_load(1'000, 40'000);
    CAF_CHECK(eventually(30s, [&] { return going->finished() > 1'000; }));
    slow->send_signal(SIGSTOP);
    const auto joined = joins(*going);
    auto coming = start_member(assignor);
    CAF_CHECK(eventually(30s, [&] { return joins(*going) > joined; }));
    going->send_signal(SIGTERM);
    CAF_CHECK(says(*going, "intake stopped"));
    slow->send_signal(SIGCONT);
    CAF_CHECK_EQUAL(going->wait(40s), 0);
    CAF_CHECK_EQUAL(load.wait(60s), 0);
    CAF_CHECK(all_ended());
    CAF_CHECK_EQUAL(slow->stop(), 0);
    CAF_CHECK_EQUAL(coming->stop(), 0);
    CAF_CHECK(proven(Guarantee::exactly_once));
  }

  /// Under load a node comes and the oldest one goes, by turns, each time at
  /// another point of the rebalance that the other began.
  void change_places_under_load(const std::string& assignor) {
    std::deque<std::unique_ptr<NodeProcess>> nodes;
    const auto start_another = [&] {
      nodes.push_back(start_member(assignor));
      return says(*nodes.back(), "\"started\"");
    };
    CAF_CHECK(start_another());
    CAF_CHECK(start_another());
    auto load = start_load(2'000, 16'000);
    for (int turn = 0; turn != 4; ++turn) {
      CAF_CHECK(ready(*nodes.back()));
      CAF_CHECK(start_another());
      std::this_thread::sleep_for(turn * 200ms);
      CAF_CHECK_EQUAL(nodes.front()->stop(), 0);
      nodes.pop_front();
    }
    CAF_CHECK_EQUAL(load.wait(60s), 0);
    CAF_CHECK(all_ended());
    for (auto& node : nodes)
      CAF_CHECK_EQUAL(node->stop(), 0);
    CAF_CHECK(proven(Guarantee::exactly_once));
  }

  /// Ends the broker in the midst of a stream of events, and starts it again.
  void outlive_the_end_of_the_broker_by(int signal) {
    // The group must not miss the node, however slow the broker starts here.
    auto node = start_node("30s");
    CAF_CHECK(
      eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
    auto load = start_load(2'000, 8'000);
    CAF_CHECK(eventually(60s, [&] { return node.finished() > 1'000; }));
    broker().end(signal);
    CAF_CHECK(
      eventually(30s, [&] { return node.http_code("/health/ready") == 503; }));
    CAF_CHECK_EQUAL(node.http_code("/health/live"), 200);
    CAF_CHECK_LESS(node.finished(), written);
    broker().start();
    CAF_CHECK_EQUAL(load.wait(60s), 0);
    CAF_CHECK(all_settled(node));
    CAF_CHECK(
      eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
    CAF_CHECK_EQUAL(node.stop(), 0);
    // Not even doubled: the producer is idempotent, and the same process that
    // did not commit in time goes on.
    if (!proven(Guarantee::exactly_once))
      CAF_ERROR("not exactly once; the node said\n" << node.log());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(real_delivery_tests, Fixture)

CAF_TEST(every_record_ends_once_and_in_order) {
  generate(20'000);
  auto node = start_node();
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.http_code("/health/ready"), 200);
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(the_group_resumes_where_the_last_node_committed) {
  generate(2'000);
  {
    auto node = start_node();
    CAF_CHECK(all_settled(node));
    CAF_CHECK_EQUAL(node.stop(), 0);
  }
  generate(2'000, 0.05, 2);
  auto node = start_node();
  CAF_CHECK(eventually(60s, [&] { return node.finished() >= 2'000; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(a_killed_node_loses_nothing) {
  generate(20'000);
  {
    auto node = start_node();
    CAF_CHECK(eventually(60s, [&] { return node.finished() > 1'000; }));
    node.send_signal(SIGKILL);
    CAF_CHECK_EQUAL(node.wait(5s), -SIGKILL);
  }
  auto node = start_node();
  CAF_CHECK(all_ended());
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::at_least_once));
  std::cerr << "doubled after kill -9 of the node: "
            << judge(Guarantee::at_least_once).total.doubled << '\n';
}

CAF_TEST(partitions_move_between_nodes_without_loss_or_double) {
  move_between_nodes({"kafka.session_timeout=6s"});
}

CAF_TEST(partitions_that_the_brokers_move_are_neither_lost_nor_doubled) {
  move_between_nodes(by_brokers);
}

CAF_TEST(partitions_that_the_brokers_move_amid_transactions_are_so_too) {
  auto settings = by_brokers;
  settings.emplace_back("delivery.guarantee=exactly_once");
  move_between_nodes(settings);
}

CAF_TEST(a_node_that_ends_amid_a_rebalance_doubles_nothing) {
  end_amid_a_rebalance("cooperative-sticky");
}

CAF_TEST(a_node_of_an_eager_group_that_ends_amid_a_rebalance_doubles_nothing) {
  end_amid_a_rebalance("roundrobin");
}

CAF_TEST(nodes_that_come_and_go_under_load_lose_and_double_nothing) {
  change_places_under_load("cooperative-sticky");
}

CAF_TEST(nodes_of_an_eager_group_that_come_and_go_lose_and_double_nothing) {
  change_places_under_load("range");
}

CAF_TEST(a_member_that_leaves_with_nothing_in_hand_is_not_waited_for) {
  kafka.session_timeout = 30s;
  Consumer first{kafka};
  CAF_REQUIRE(first.hold_partitions(partitions));
  Consumer second{kafka};
  // It has its share of the first rebalance: nothing, until the other lets go.
  CAF_REQUIRE(first.waker.wait_until([&] {
    first.look();
    second.look();
    return first.saw(Consumer::Kind::revoked);
  }));
  second.source->close(5s);
  first.give_back();
  CAF_CHECK(first.waker.wait_until(
    [&] {
      first.look();
      return first.held.size() == partitions;
    },
    10s));
}

CAF_TEST(a_broker_that_is_stopped_and_started_costs_nothing) {
  outlive_the_end_of_the_broker_by(SIGTERM);
}

CAF_TEST(a_broker_that_is_killed_and_started_costs_nothing) {
  outlive_the_end_of_the_broker_by(SIGKILL);
}

CAF_TEST_FIXTURE_SCOPE_END()
