#define CAF_SUITE topics_command

#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using tests::Environment;
using tests::eventually;
using tests::RealKafka;

namespace {

struct Fixture : tests::RealKafkaFixture {
  tests::ProgramOutcome topics(std::vector<std::string> words,
                               const Environment& environment = {}) {
    words.insert(words.begin(), "topics");
    words.insert(words.end(), {"--bootstrap-servers", kafka.bootstrap_servers});
    auto outcome = command(words, environment);
    last = outcome.output;
    return outcome;
  }

  /// Whether it ends so and says this.
  bool gives(std::vector<std::string> words, int code, const std::string& text,
             const Environment& environment = {}) {
    const auto outcome = topics(std::move(words), environment);
    if (outcome.code == code && outcome.says(text))
      return true;
    std::cerr << "exit code " << outcome.code << ": " << outcome.output;
    return false;
  }

  std::int32_t partitions_of(const std::string& topic) {
    auto admin = adapters::kafka::TopicAdmin::open(kafka);
    CAF_REQUIRE(admin);
    const auto found = (*admin)->topic(topic, 10s);
    return found ? found->partitions : 0;
  }

  std::string last; ///< of the last command
};

/// The same on a broker that allows nothing by itself.
struct StrictFixture : Fixture {
  static RealKafka& strict_broker() {
    static RealKafka kafka{RealKafka::Access::strict};
    return kafka;
  }

  StrictFixture() { kafka.bootstrap_servers = strict_broker().plaintext(); }

  /// What a user hears who may do what an access list allows.
  bool gives_user(const std::vector<std::string>& words, int code,
                  const std::string& text) {
    auto& broker = strict_broker();
    const auto outcome = command(
      words, {{"KAFKA_BOOTSTRAP_SERVERS", broker.sasl_ssl()},
              {"KAFKA_SECURITY_PROTOCOL", "SASL_SSL"},
              {"KAFKA_SASL_MECHANISM", "PLAIN"},
              {"KAFKA_SASL_USERNAME", "millrace"},
              {"KAFKA_SASL_PASSWORD", broker.password()},
              {"KAFKA_SSL_CA_LOCATION", broker.file("ca.pem")}});
    if (outcome.code == code && outcome.says(text))
      return true;
    std::cerr << "exit code " << outcome.code << ": " << outcome.output;
    return false;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(topics_command_tests, Fixture)

CAF_TEST(topics_are_compared_created_and_compared_again) {
  const Environment wish{
    {"KAFKA_CREATE_TOPICS",
     kafka.input_topic + ":4:1," + kafka.output_topic + ":4:1"}};
  CAF_CHECK(gives({"diff"}, 4, "missing  " + kafka.input_topic + ": ", wish));
  CAF_CHECK(last.find("missing  " + kafka.dlq_topic) != std::string::npos);
  CAF_CHECK(gives({"create", "--dry-run"}, 0,
                  "would create " + kafka.input_topic + ": 4 partitions",
                  wish));
  CAF_CHECK_EQUAL(partitions_of(kafka.input_topic), 0);
  CAF_CHECK(
    gives({"create"}, 0, "created  " + kafka.output_topic + ": 4", wish));
  // Leaders that were only just elected are asked again.
  CAF_CHECK(gives({"describe", kafka.input_topic}, 0, "partition  leader"));
  CAF_CHECK_EQUAL(last.find("  -    -"), std::string::npos);
  CAF_CHECK(
    eventually(10s, [&] { return partitions_of(kafka.input_topic) == 4; }));
  CAF_CHECK(gives({"create"}, 0, "exists   " + kafka.input_topic, wish));
  CAF_CHECK(gives({"create", kafka.dlq_topic + ":2", kafka.insights_topic,
                   "--setting", "cleanup.policy=compact"},
                  0, "created  " + kafka.dlq_topic + ": 2 partitions"));
  CAF_CHECK(eventually(10s, [&] { return topics({"diff"}, wish).code == 0; }));
  CAF_CHECK(gives(
    {"diff", kafka.input_topic + ":8:3", "--setting", "cleanup.policy=compact"},
    4,
    "fewer    " + kafka.input_topic
      + ": has 4 partitions, wanted are 8: millrace topics raise "
      + kafka.input_topic + " --partitions 8"));
  CAF_CHECK(last.find("copies   " + kafka.input_topic) != std::string::npos);
  CAF_CHECK(last.find("cleanup.policy is \"delete\", wanted is \"compact\"")
            != std::string::npos);
  CAF_CHECK(gives({"diff", kafka.input_topic + ":2"}, 4,
                  "more     " + kafka.input_topic));
  CAF_CHECK(gives({"list"}, 0, kafka.dlq_topic));
  CAF_CHECK(gives({"describe", kafka.dlq_topic}, 0,
                  "topic " + kafka.dlq_topic
                    + " (dead letters): 2 partitions, replication 1, id "));
  CAF_CHECK(last.find("settings: cleanup.policy=compact") != std::string::npos);
}

CAF_TEST(partitions_of_a_topic_with_keys_are_raised_only_on_demand) {
  create_topics();
  generate(200);
  CAF_CHECK(gives({"raise", kafka.input_topic, "--partitions", "8"}, 1,
                  "warning: whoever writes to " + kafka.input_topic));
  CAF_CHECK(last.find("error: nothing was changed; give --yes")
            != std::string::npos);
  CAF_CHECK(
    gives({"raise", kafka.input_topic, "--partitions", "8", "--dry-run"}, 0,
          "would raise " + kafka.input_topic + " from 4 to 8"));
  CAF_CHECK_EQUAL(partitions_of(kafka.input_topic), 4);
  CAF_CHECK(gives({"raise", kafka.input_topic, "--partitions", "8", "--yes"}, 0,
                  "raised " + kafka.input_topic + " from 4 to 8 partitions"));
  CAF_CHECK(
    eventually(10s, [&] { return partitions_of(kafka.input_topic) == 8; }));
  // Nothing is in it yet, so there is no order.
  CAF_CHECK(gives({"raise", kafka.output_topic, "--partitions", "8"}, 0,
                  "raised " + kafka.output_topic));
  CAF_CHECK(gives({"raise", kafka.dlq_topic, "--partitions", "2"}, 2,
                  "has 4 partitions already"));
}

CAF_TEST(every_refusal_is_a_line_with_what_to_do) {
  create_topics();
  CAF_CHECK(
    gives({"create", "a b:1:1"}, 2, "write name:partitions:replication"));
  CAF_CHECK(gives({"create", "logins:0"}, 2, "partitions must be 1 to 100000"));
  CAF_CHECK(gives({"create"}, 2, "no topic is named"));
  CAF_CHECK(gives({"create", kafka.input_topic + "-new:2:3"}, 1,
                  "3 copies are asked of 1 broker: write " + kafka.input_topic
                    + "-new:2:1"));
  CAF_CHECK(
    gives({"create", kafka.input_topic + "-new", "--setting", "no.such=1"}, 1,
          "no.such"));
  CAF_CHECK(gives({"create", kafka.input_topic + "-new", "--setting",
                   "cleanup.policy=sometimes"},
                  1, "cleanup.policy"));
  // One that is refused does not keep the others.
  CAF_CHECK(gives(
    {"create", kafka.input_topic + "-new:2:3", kafka.input_topic + "-other:2"},
    1, "created  " + kafka.input_topic + "-other"));
  CAF_CHECK(gives({"raise", kafka.input_topic + "x", "--partitions", "8"}, 5,
                  "(did you mean '" + kafka.input_topic + "'?)"));
  CAF_CHECK(gives({"describe", "no-such-topic", kafka.input_topic}, 5,
                  "topic no-such-topic does not exist"));
  CAF_CHECK(last.find("topic " + kafka.input_topic + " (input)")
            != std::string::npos);
  kafka.bootstrap_servers = "127.0.0.1:1";
  CAF_CHECK(gives({"list", "--deadline", "500ms"}, 5, "Connection refused"));
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST_FIXTURE_SCOPE(strict_topics_command_tests, StrictFixture)

CAF_TEST(who_may_not_is_told_which_right_is_missing) {
  create_topics();
  auto& broker = strict_broker();
  const auto& topic = kafka.input_topic;
  broker.grant(RD_KAFKA_RESOURCE_TOPIC, topic, RD_KAFKA_ACL_OPERATION_DESCRIBE);
  CAF_CHECK(gives_user({"topics", "create", topic + "-new"}, 5,
                       "--operation Create --topic " + topic + "-new"));
  CAF_CHECK(gives_user({"topics", "raise", topic, "--partitions", "8", "--yes"},
                       5, "--operation Alter --topic " + topic));
  CAF_CHECK(gives_user({"topics", "describe", kafka.output_topic}, 5,
                       "TOPIC_AUTHORIZATION"));
  CAF_CHECK(gives_user({"topics", "describe", topic}, 0,
                       "settings: not told to this user"));
  CAF_CHECK(gives_user(
    {"topics", "diff", topic + ":4", "--setting", "cleanup.policy=delete"}, 4,
    "unknown  " + topic + ": cleanup.policy"));
  CAF_CHECK(
    gives_user({"lag"}, 5, "looking at the group " + kafka.consumer_group));
  broker.grant(RD_KAFKA_RESOURCE_GROUP, kafka.consumer_group,
               RD_KAFKA_ACL_OPERATION_DESCRIBE);
  CAF_CHECK(gives_user({"lag", "--interval", "0"}, 0, "lag 0 on 4 partitions"));
  CAF_CHECK(gives_user({"lag", "--topic", kafka.output_topic}, 5,
                       "TOPIC_AUTHORIZATION"));
}

CAF_TEST_FIXTURE_SCOPE_END()
