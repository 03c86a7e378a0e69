#pragma once

#include "adapters/kafka/topic_admin.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/node_process.hpp"
#include "tests/support/program.hpp"
#include "tests/support/real_kafka.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace millrace::tests {

/// One real Kafka for all tests of the program; every test has topics and a
/// group of its own on it. Tests and judge come by the plain listener, where
/// everything is allowed.
struct RealKafkaFixture : TopicFixture {
  static RealKafka& broker() {
    static RealKafka kafka;
    return kafka;
  }

  explicit RealKafkaFixture(RealKafka& on = broker()) {
    static int tests = 0;
    const auto prefix = "test-" + std::to_string(++tests) + "-";
    for (auto* name :
         {&kafka.input_topic, &kafka.output_topic, &kafka.dlq_topic,
          &kafka.insights_topic, &kafka.consumer_group})
      *name = prefix + *name;
    kafka.bootstrap_servers = on.plaintext();
  }

  /// Settings of topics that `create_topics` makes, by the topic.
  std::map<std::string, std::map<std::string, std::string>> topic_settings;

  void create_topics() {
    using namespace std::chrono_literals;
    auto admin = adapters::kafka::TopicAdmin::open(kafka);
    if (!admin)
      throw std::runtime_error{admin.error().text};
    std::vector<adapters::kafka::TopicSpec> topics{
      {kafka.input_topic, partitions},
      {kafka.output_topic, partitions},
      {kafka.dlq_topic, partitions},
      {kafka.insights_topic, 1}};
    for (auto& topic : topics)
      topic.settings = topic_settings[topic.name];
    if (auto created = (*admin)->create(topics, 30s); !created)
      throw std::runtime_error{created.error().text};
  }

  /// `millrace generate` beside the node: its clients wait out what happens
  /// to the broker, too.
  Program start_load(std::uint64_t rate, std::uint64_t count) {
    written += count;
    return Program{{millrace_binary(), "generate", "--quiet",
                    "--bootstrap-servers", kafka.bootstrap_servers, "--rate",
                    std::to_string(rate), "--count", std::to_string(count),
                    "--bad-share", "0.05", "--set",
                    "kafka.input_topic=" + kafka.input_topic}};
  }

  /// Deletes a topic and creates it again. The brokers take a moment to forget
  /// the one before.
  void create_again(const std::string& topic, std::int32_t count) {
    using namespace std::chrono_literals;
    broker().delete_topic(topic);
    const std::vector<adapters::kafka::TopicSpec> wish{{topic, count}};
    const bool created = eventually(10s, [&] {
      auto admin = adapters::kafka::TopicAdmin::open(kafka);
      auto names = (*admin)->create(wish, 10s);
      return names && !names->empty();
    });
    if (!created)
      throw std::runtime_error{"cannot create again " + topic};
  }

  /// As for --set: the names of this test.
  std::vector<std::string> names() const {
    return {"kafka.input_topic=" + kafka.input_topic,
            "kafka.output_topic=" + kafka.output_topic,
            "kafka.dlq_topic=" + kafka.dlq_topic,
            "kafka.insights_topic=" + kafka.insights_topic,
            "kafka.consumer_group=" + kafka.consumer_group};
  }

  /// Runs `millrace COMMAND...` with the names of this test.
  ProgramOutcome command(std::vector<std::string> arguments,
                         const Environment& environment = {}) const {
    arguments.insert(arguments.begin(), millrace_binary());
    for (const auto& name : names())
      arguments.insert(arguments.end(), {"--set", name});
    return run_program(arguments, environment);
  }
};

} // namespace millrace::tests
