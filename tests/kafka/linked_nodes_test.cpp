#define CAF_SUITE linked_nodes

#include "adapters/kafka/topic_reader.hpp"
#include "logic/verification/findings_judge.hpp"
#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Several linked nodes against one alone: the findings must be the same.
using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::FindingsJudge;
using logic::verification::FindingsReport;
using tests::eventually;
using tests::NodeProcess;
using tests::Program;

namespace {

constexpr std::size_t node_count = 3;

struct Fixture : tests::RealKafkaFixture {
  Fixture() : alone(kafka) {
    alone.output_topic += "-alone";
    alone.dlq_topic += "-alone";
    alone.consumer_group += "-alone";
    create_topics();
    create_topics_of_the_one();
  }

  void create_topics_of_the_one() {
    auto admin = adapters::kafka::TopicAdmin::open(kafka);
    CAF_REQUIRE(admin);
    const std::vector<adapters::kafka::TopicSpec> topics{
      {alone.output_topic, partitions}, {alone.dlq_topic, partitions}};
    CAF_REQUIRE((*admin)->create(topics, 30s));
  }

  /// The forest is fitted from what a node sees, so it is left out.
  std::vector<std::string> settings_of(const adapters::kafka::KafkaConfig& to) {
    return {"kafka.input_topic=" + to.input_topic,
            "kafka.output_topic=" + to.output_topic,
            "kafka.dlq_topic=" + to.dlq_topic,
            "kafka.consumer_group=" + to.consumer_group,
            "kafka.session_timeout=6s",
            "insights.enabled=false",
            "flow.workers=2",
            "detection.rules=velocity,new_device,brute_force,"
            "brute_force_success,password_spray"};
  }

  std::unique_ptr<NodeProcess> start_one() {
    return std::make_unique<NodeProcess>(kafka.bootstrap_servers,
                                         settings_of(alone));
  }

  std::unique_ptr<NodeProcess> start_linked(std::size_t number) {
    auto settings = settings_of(kafka);
    std::string peers;
    for (const auto port : ports)
      peers += (peers.empty() ? "127.0.0.1:" : ",127.0.0.1:")
               + std::to_string(port);
    // A busy machine may take longer to answer than the default allows.
    settings.push_back("detection.wait=2s");
    settings.insert(settings.end(),
                    {"node.name=node-" + std::to_string(number),
                     "link.enabled=true",
                     "link.listen=127.0.0.1:" + std::to_string(ports[number]),
                     "link.peers=" + peers, "detection.state=topic"});
    return std::make_unique<NodeProcess>(kafka.bootstrap_servers, settings);
  }

  void start_all() {
    one = start_one();
    for (std::size_t number = 0; number != node_count; ++number)
      nodes.push_back(start_linked(number));
    CAF_REQUIRE(
      eventually(60s, [&] { return one->http_code("/health/ready") == 200; }));
    CAF_REQUIRE(eventually(60s, [&] { return owned_shards() == 32; }));
    CAF_REQUIRE(eventually(60s, [&] {
      return std::ranges::all_of(nodes, [](const auto& node) {
        return node->http_code("/health/ready") == 200;
      });
    }));
  }

  double metric(NodeProcess& node, std::string_view name) {
    const auto page = node.page("/metrics");
    const auto line = page.find('\n' + std::string{name} + ' ');
    return line == std::string::npos
             ? 0.0
             : std::stod(page.substr(line + name.size() + 2));
  }

  double owned_shards() {
    double shards = 0;
    for (const auto& node : nodes)
      shards += metric(*node, "millrace_state_shards");
    return shards;
  }

  Program start_stories(std::uint64_t count, std::uint64_t rate) {
    return Program{{tests::millrace_binary(),
                    "generate",
                    "--quiet",
                    "--bootstrap-servers",
                    kafka.bootstrap_servers,
                    "--set",
                    "kafka.input_topic=" + kafka.input_topic,
                    "--rate",
                    std::to_string(rate),
                    "--count",
                    std::to_string(count),
                    "--no-device-type-share",
                    "0",
                    "--population",
                    "2000",
                    "--failure-share",
                    "0.02",
                    "--bursts",
                    "30",
                    "--odd-devices",
                    "30",
                    "--brute-forces",
                    "20",
                    "--break-ins",
                    "20",
                    "--sprays",
                    "3",
                    "--event-span",
                    "1"}};
  }

  std::uint64_t outputs_in(const std::string& topic) {
    auto reader = adapters::kafka::TopicReader::open(kafka);
    CAF_REQUIRE(reader);
    const auto extent = (*reader)->extent(topic, 5s);
    CAF_REQUIRE(extent);
    std::uint64_t count = 0;
    for (const auto& part : *extent)
      count += static_cast<std::uint64_t>(part.high.value - part.low.value);
    return count;
  }

  template <class Take>
  void read(const std::string& topic, Take take) {
    auto reader = adapters::kafka::TopicReader::open(kafka);
    CAF_REQUIRE(reader);
    const auto extent = (*reader)->extent(topic, 5s);
    CAF_REQUIRE(extent);
    const auto done = (*reader)->read(
      topic, *extent,
      [&](logic::PartitionId, const logic::RecordView& record) {
        take(record);
        return true;
      },
      10s);
    CAF_REQUIRE(done);
  }

  /// What all found, compared with what the one did.
  FindingsReport compare() {
    FindingsJudge judge;
    read(alone.output_topic, [&](const auto& each) { judge.expected(each); });
    read(kafka.output_topic, [&](const auto& each) { judge.found(each); });
    auto report = judge.report();
    CAF_MESSAGE(to_text(report));
    return report;
  }

  std::uint64_t events_found() { return compare().found.events; }

  adapters::kafka::KafkaConfig alone; ///< the topics and group of the one
  std::vector<std::uint16_t> ports{tests::free_port(), tests::free_port(),
                                   tests::free_port()};
  std::unique_ptr<NodeProcess> one;
  std::vector<std::unique_ptr<NodeProcess>> nodes;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(linked_nodes_tests, Fixture)

CAF_TEST(three_linked_nodes_find_what_one_finds) {
  constexpr std::uint64_t count = 20'000;
  start_all();
  auto stories = start_stories(count, 1'500);
  CAF_REQUIRE_EQUAL(stories.wait(60s), 0);
  CAF_REQUIRE(eventually(60s, [&] {
    return outputs_in(alone.output_topic) >= count
           && outputs_in(kafka.output_topic) >= count;
  }));
  const auto report = compare();
  CAF_CHECK(report.agrees(0.99));
  CAF_CHECK_EQUAL(report.found.unjudged, 0u);
  CAF_CHECK_GREATER_OR_EQUAL(report.rules.size(), 5u);
  double elsewhere = 0;
  for (const auto& node : nodes)
    elsewhere += metric(*node, "millrace_events_judged_elsewhere_total");
  CAF_CHECK_GREATER(elsewhere, 0.5 * static_cast<double>(count));
}

CAF_TEST(a_rolling_restart_forgets_nobody) {
  constexpr std::uint64_t count = 40'000;
  start_all();
  auto stories = start_stories(count, 1'000);
  for (std::size_t number = 0; number != node_count; ++number) {
    const auto before = outputs_in(kafka.output_topic);
    CAF_REQUIRE(eventually(
      30s, [&] { return outputs_in(kafka.output_topic) > before + 2'000; }));
    CAF_CHECK_EQUAL(nodes[number]->stop(), 0);
    nodes[number] = start_linked(number);
    CAF_REQUIRE(eventually(30s, [&] { return owned_shards() == 32; }));
  }
  CAF_REQUIRE_EQUAL(stories.wait(90s), 0);
  CAF_REQUIRE(
    eventually(60s, [&] { return outputs_in(alone.output_topic) >= count; }));
  CAF_REQUIRE(eventually(60s, [&] { return events_found() >= count; }));
  const auto report = compare();
  CAF_CHECK(report.agrees(0.99));
  CAF_CHECK_LESS(report.found.unjudged, count / 200);
}

CAF_TEST(the_shards_of_a_killed_node_move_and_nothing_is_lost) {
  constexpr std::uint64_t count = 20'000;
  start_all();
  auto stories = start_stories(count, 1'000);
  CAF_REQUIRE(
    eventually(30s, [&] { return outputs_in(kafka.output_topic) > 2'000; }));
  nodes.back() = nullptr; // killed
  nodes.pop_back();
  CAF_CHECK(eventually(12s, [&] { return owned_shards() == 32; }));
  CAF_REQUIRE_EQUAL(stories.wait(60s), 0);
  CAF_CHECK(eventually(60s, [&] { return events_found() == count; }));
}

CAF_TEST_FIXTURE_SCOPE_END()
