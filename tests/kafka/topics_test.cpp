#define CAF_SUITE topics

#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;

namespace {

struct Fixture : tests::RealKafkaFixture {
  std::int32_t partitions_of(const std::string& topic) {
    auto admin = adapters::kafka::TopicAdmin::open(kafka);
    CAF_REQUIRE(admin);
    const auto found = (*admin)->topic(topic, 10s);
    return found ? found->partitions : 0;
  }

  std::vector<std::string> all_topics() const {
    return {kafka.input_topic, kafka.output_topic, kafka.dlq_topic,
            kafka.insights_topic};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(topic_tests, Fixture)

CAF_TEST(missing_topics_are_named_with_how_to_create_them) {
  const auto checked = command(
    {"check", "--connect", "--bootstrap-servers", kafka.bootstrap_servers});
  CAF_CHECK_EQUAL(checked.code, 5);
  for (const auto& topic : all_topics()) {
    CAF_CHECK(checked.says("failed  topic " + topic));
    CAF_CHECK(
      checked.says("KAFKA_CREATE_TOPICS=" + topic + ":PARTITIONS:REPLICATION"));
  }
  CAF_CHECK_EQUAL(partitions_of(kafka.input_topic),
                  0); // a check changes nothing

  NodeProcess node{kafka.bootstrap_servers, names()};
  for (const auto& topic : all_topics())
    CAF_CHECK(eventually(20s, [&] {
      return node.log().find("topic " + topic + " does not exist; create it by")
             != std::string::npos;
    }));
  CAF_CHECK_EQUAL(node.http_code("/health/ready"), 503);
  CAF_CHECK_EQUAL(node.http_code("/health/live"), 200);

  // Somebody does as told: the node goes to work without a restart.
  create_topics();
  generate(500);
  CAF_CHECK(all_settled(node));
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(topics_are_created_as_configured_and_the_node_works) {
  const tests::Environment wish{
    {"KAFKA_CREATE_TOPICS", kafka.input_topic + ":4:1," + kafka.output_topic
                              + ":3:1," + kafka.dlq_topic + ":2:1,"
                              + kafka.insights_topic + ":1:1"}};
  const auto checked = command(
    {"check", "--connect", "--bootstrap-servers", kafka.bootstrap_servers},
    wish);
  CAF_CHECK_EQUAL(checked.code, 0);
  CAF_CHECK(checked.says("does not exist yet; will be created at the start"));
  NodeProcess node{kafka.bootstrap_servers, names(), wish};
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(partitions_of(kafka.input_topic), 4);
  CAF_CHECK_EQUAL(partitions_of(kafka.output_topic), 3);
  CAF_CHECK_EQUAL(partitions_of(kafka.dlq_topic), 2);
  CAF_CHECK_EQUAL(partitions_of(kafka.insights_topic), 1);
  generate(2'000);
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(a_topic_that_cannot_be_created_is_named_with_the_reason) {
  const tests::Environment wish{
    {"KAFKA_CREATE_TOPICS", kafka.input_topic + ":4:3"}};
  auto settings = names();
  settings.emplace_back("log.level=debug");
  NodeProcess node{kafka.bootstrap_servers, settings, wish};
  CAF_CHECK(eventually(20s, [&] {
    return node.log().find("creating topic " + kafka.input_topic)
           != std::string::npos;
  }));
  CAF_CHECK_EQUAL(node.http_code("/health/ready"), 503);
  // The reason is the broker's own.
  CAF_CHECK_NOT_EQUAL(node.log().find("INVALID_REPLICATION_FACTOR"),
                      std::string::npos);
  CAF_CHECK_NOT_EQUAL(node.log().find("3 copies are asked of 1 broker: write "
                                      + kafka.input_topic + ":4:1"),
                      std::string::npos);
  // It is tried again and again, and said once.
  CAF_CHECK(eventually(20s, [&] {
    return node.log().find("topics are still not created") != std::string::npos;
  }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  const auto log = node.log();
  const std::string said = "could not create topics yet";
  CAF_CHECK_EQUAL(log.find(said), log.rfind(said));
  CAF_CHECK_EQUAL(partitions_of(kafka.input_topic), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
