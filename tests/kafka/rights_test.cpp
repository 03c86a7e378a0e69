#define CAF_SUITE rights

#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::Environment;
using tests::eventually;
using tests::NodeProcess;
using tests::RealKafka;

namespace {

/// A broker that allows nothing by itself, and a user with the rights that
/// docs/kafka.md names.
struct Fixture : tests::RealKafkaFixture {
  static RealKafka& strict_broker() {
    static RealKafka kafka{RealKafka::Access::strict};
    return kafka;
  }

  Fixture() : RealKafkaFixture(strict_broker()) {}

  void allow_to_read() {
    auto& broker = strict_broker();
    broker.grant(RD_KAFKA_RESOURCE_TOPIC, kafka.input_topic,
                 RD_KAFKA_ACL_OPERATION_READ);
    broker.grant(RD_KAFKA_RESOURCE_GROUP, kafka.consumer_group,
                 RD_KAFKA_ACL_OPERATION_READ);
  }

  void allow_what_is_needed() {
    allow_to_read();
    for (const auto& topic :
         {kafka.output_topic, kafka.dlq_topic, kafka.insights_topic})
      strict_broker().grant(RD_KAFKA_RESOURCE_TOPIC, topic,
                            RD_KAFKA_ACL_OPERATION_WRITE);
  }

  /// All that transactions need, but to one topic records may not be written.
  void allow_transactions_but_to(const std::string& denied) {
    auto& broker = strict_broker();
    allow_to_read();
    allow_transactional_id();
    for (const auto& topic :
         {kafka.output_topic, kafka.dlq_topic, kafka.insights_topic})
      broker.grant(RD_KAFKA_RESOURCE_TOPIC, topic,
                   topic == denied ? RD_KAFKA_ACL_OPERATION_DESCRIBE
                                   : RD_KAFKA_ACL_OPERATION_WRITE);
  }

  std::string transactional_id() const { return kafka.consumer_group + "-n-1"; }

  void allow_transactional_id() {
    strict_broker().grant(RD_KAFKA_RESOURCE_TRANSACTIONAL_ID,
                          transactional_id(), RD_KAFKA_ACL_OPERATION_WRITE);
  }

  static bool says_why(NodeProcess& node) {
    const auto page = node.page("/health/ready");
    return page.find("TRANSACTIONAL_ID_AUTHORIZATION_FAILED") != page.npos
           && page.find("--transactional-id") != page.npos;
  }

  NodeProcess start_node_with_transactions() {
    auto settings = names();
    for (const auto* more : {"delivery.guarantee=exactly_once", "node.name=n-1",
                             "insights.interval=100ms"})
      settings.emplace_back(more);
    return NodeProcess{strict_broker().sasl_ssl(), settings, as_user()};
  }

  static Environment as_user() {
    auto& broker = strict_broker();
    return {{"KAFKA_BOOTSTRAP_SERVERS", broker.sasl_ssl()},
            {"KAFKA_SECURITY_PROTOCOL", "SASL_SSL"},
            {"KAFKA_SASL_MECHANISM", "PLAIN"},
            {"KAFKA_SASL_USERNAME", "millrace"},
            {"KAFKA_SASL_PASSWORD", broker.password()},
            {"KAFKA_SSL_CA_LOCATION", broker.file("ca.pem")}};
  }

  NodeProcess start_node() {
    return NodeProcess{strict_broker().sasl_ssl(), names(), as_user()};
  }

  static std::size_t times(const std::string& text, const std::string& words) {
    std::size_t count = 0;
    for (auto at = text.find(words); at != text.npos;
         at = text.find(words, at + 1))
      ++count;
    return count;
  }

  /// Checks and works, with the defaults for what it may not ask.
  void works_with_the_defaults() {
    allow_what_is_needed();
    const auto checked = command({"check", "--connect"}, as_user());
    CAF_CHECK_EQUAL(checked.code, 0);
    CAF_CHECK(checked.says(
      "ok      topic " + kafka.output_topic
      + " (kafka.output_topic): 4 partitions, max.message.bytes 1048588 "
        "(assumed: the brokers do not tell this user, who needs the right to "
        "DescribeConfigs)"));
    if (checked.code != 0)
      std::cerr << checked.output;
    generate(2'000);
    auto node = start_node();
    CAF_CHECK(all_settled(node));
    CAF_CHECK(
      eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
    CAF_CHECK_EQUAL(node.stop(), 0);
    CAF_CHECK(proven(Guarantee::exactly_once));
    CAF_CHECK_EQUAL(
      times(node.log(), "this user may not read the configuration of"), 1u);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(rights_tests, Fixture)

CAF_TEST(a_check_names_the_right_that_is_missing) {
  create_topics();
  auto& broker = strict_broker();
  const auto permit = [&](auto resource, const std::string& name,
                          rd_kafka_AclOperation_t operation) {
    broker.grant(resource, name, operation);
  };
  permit(RD_KAFKA_RESOURCE_GROUP, kafka.consumer_group,
         RD_KAFKA_ACL_OPERATION_DESCRIBE);
  permit(RD_KAFKA_RESOURCE_TOPIC, kafka.input_topic,
         RD_KAFKA_ACL_OPERATION_READ);
  for (const auto& topic : {kafka.dlq_topic, kafka.insights_topic})
    permit(RD_KAFKA_RESOURCE_TOPIC, topic, RD_KAFKA_ACL_OPERATION_WRITE);
  permit(RD_KAFKA_RESOURCE_TOPIC, kafka.output_topic,
         RD_KAFKA_ACL_OPERATION_READ);
  const auto checked = command({"check", "--connect"}, as_user());
  CAF_CHECK_EQUAL(checked.code, 5);
  CAF_CHECK(checked.says("failed  group " + kafka.consumer_group));
  CAF_CHECK(checked.says("failed  topic " + kafka.output_topic
                         + " (kafka.output_topic): writing to "
                         + kafka.output_topic));
  CAF_CHECK(checked.says("ok      topic " + kafka.input_topic));
  CAF_CHECK(checked.says("ok      topic " + kafka.dlq_topic));
  if (checked.code != 5)
    std::cerr << checked.output;
}

CAF_TEST(a_check_knows_the_session_timeouts_that_the_brokers_take) {
  create_topics();
  const auto checked = command(
    {"check", "--connect", "--set", "kafka.session_timeout=1s"},
    {{"KAFKA_BOOTSTRAP_SERVERS", strict_broker().plaintext()}});
  CAF_CHECK_EQUAL(checked.code, 5);
  CAF_CHECK(checked.says("the brokers take a kafka.session_timeout from 6000"));
}

CAF_TEST(a_user_who_may_not_read_configurations_works_with_the_defaults) {
  create_topics();
  works_with_the_defaults();
}

CAF_TEST(a_limit_that_a_user_may_not_read_costs_no_record) {
  topic_settings[kafka.output_topic]["max.message.bytes"] = "16384";
  topic_settings[kafka.dlq_topic]["max.message.bytes"] = "16384";
  create_topics();
  works_with_the_defaults();
}

CAF_TEST(transactions_wait_for_the_right_to_write) {
  create_topics();
  allow_transactions_but_to(kafka.output_topic);
  generate(2'000);
  auto node = start_node_with_transactions();
  CAF_CHECK(eventually(30s, [&] {
    return node.page("/health/ready").find("TOPIC_AUTHORIZATION_FAILED")
           != std::string::npos;
  }));
  strict_broker().grant(RD_KAFKA_RESOURCE_TOPIC, kafka.output_topic,
                        RD_KAFKA_ACL_OPERATION_WRITE);
  CAF_CHECK(all_settled(node));
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK_EQUAL(times(node.log(), "failed for good"), 0u);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(transactions_do_not_wait_for_the_right_to_write_insights) {
  create_topics();
  allow_transactions_but_to(kafka.insights_topic);
  generate(2'000);
  auto node = start_node_with_transactions();
  CAF_CHECK(all_settled(node));
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(times(node.log(), "an insight was not delivered") > 0);
  CAF_CHECK_EQUAL(times(node.log(), "failed for good"), 0u);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(transactions_wait_for_the_right_to_their_id) {
  create_topics();
  allow_transactions_but_to({});
  strict_broker().withdraw(RD_KAFKA_RESOURCE_TRANSACTIONAL_ID,
                           transactional_id());
  generate(2'000);
  auto node = start_node_with_transactions();
  CAF_CHECK(eventually(20s, [&] { return says_why(node); }));
  allow_transactional_id();
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(times(node.log(), "failed for good"), 0u);
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(transactions_wait_while_the_right_to_their_id_is_denied_midway) {
  create_topics();
  allow_transactions_but_to({});
  auto load = start_load(1'000, 30'000);
  auto node = start_node_with_transactions();
  CAF_CHECK(eventually(60s, [&] { return node.finished() > 1'000; }));
  constexpr int denials = 2;
  for (int denial = 0; denial != denials; ++denial) {
    strict_broker().withdraw(RD_KAFKA_RESOURCE_TRANSACTIONAL_ID,
                             transactional_id());
    CAF_CHECK(eventually(20s, [&] { return says_why(node); }));
    CAF_CHECK_EQUAL(node.http_code("/health/ready"), 503);
    // For a client after the other, were they not made with a pause.
    std::this_thread::sleep_for(5s);
    CAF_CHECK(says_why(node));
    const auto before = node.finished();
    allow_transactional_id();
    CAF_CHECK(eventually(10s, [&] { return node.finished() > before; }));
    CAF_CHECK(
      eventually(10s, [&] { return node.http_code("/health/ready") == 200; }));
  }
  CAF_CHECK_EQUAL(load.wait(60s), 0);
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
  // The one that was at work: what is refused in the middle kills it.
  CAF_CHECK_EQUAL(times(node.log(), "the Kafka producer failed for good"),
                  static_cast<std::size_t>(denials));
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST_FIXTURE_SCOPE_END()
