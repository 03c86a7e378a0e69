#pragma once

#include "adapters/kafka/topic_reader.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::tests {

using namespace std::chrono_literals;

inline std::string event(const std::string& more = {}) {
  return R"({"user_id":"u-1","app_version":"2.3.0","device_type":"iOS")" + more
         + "}";
}

inline std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

/// A node on a Kafka whose topics refuse some of what it writes.
struct RefusalsFixture : RealKafkaFixture {
  /// All records to one partition, so that they share requests.
  void write_all(
    const std::vector<std::string>& values,
    std::optional<std::string> key = "k",
    const std::function<std::int64_t(std::size_t)>& timestamp =
      [](std::size_t) { return now_ms(); }) {
    auto config = kafka;
    config.max_message.bytes = 8U << 20U;
    auto writer = adapters::kafka::TopicWriter::open(config, kafka.input_topic);
    CAF_REQUIRE(writer);
    for (std::size_t index = 0; index != values.size(); ++index) {
      adapters::kafka::TopicRecord record;
      record.partition = logic::PartitionId{0};
      if (key)
        record.key = *key;
      record.value = values[index];
      record.timestamp_ms = timestamp(index);
      while (!(*writer)->write(record))
        (*writer)->poll(100ms);
      ++written;
    }
    CAF_REQUIRE((*writer)->flush(30s));
    CAF_CHECK_EQUAL((*writer)->counts().last_error, "");
  }

  /// How far ahead of the present timestamps of a topic may be.
  static constexpr auto ahead_setting = "message.timestamp.after.max.ms";
  static constexpr auto a_day = "86400000";
  static constexpr auto an_hour = "3600000";

  /// Few with a timestamp that only the input takes.
  void write_some_ahead(std::size_t records) {
    const auto ahead = now_ms() + 7'200'000;
    write_all(
      std::vector<std::string>(records, event()), "k",
      [&](std::size_t index) { return index % 997 == 498 ? ahead : now_ms(); });
  }

  /// Outputs and dead letters, some with a timestamp that only the input takes.
  void write_mixture(std::size_t records, const std::string& large = {}) {
    std::vector<std::string> values(records, event());
    for (std::size_t index = 7; index < records; index += 50)
      values[index] = "no json";
    if (!large.empty())
      for (std::size_t index = 500; index < records; index += 1'000)
        values[index] = large;
    const auto ahead = now_ms() + 7'200'000;
    write_all(values, "k", [&](std::size_t index) {
      return index % 97 == 0 ? ahead : now_ms();
    });
  }

  void each(const std::string& topic,
            const std::function<void(const logic::RecordView&)>& look) {
    auto reader = adapters::kafka::TopicReader::open(kafka);
    CAF_REQUIRE(reader);
    const auto extent = (*reader)->extent(topic, 30s);
    CAF_REQUIRE(extent);
    CAF_REQUIRE((*reader)->read(
      topic, *extent,
      [&](logic::PartitionId, const logic::RecordView& record) {
        look(record);
        return true;
      },
      30s));
  }

  std::size_t count(const std::string& topic) {
    std::size_t found = 0;
    each(topic, [&found](const logic::RecordView&) { ++found; });
    return found;
  }

  NodeProcess start_node(std::vector<std::string> more = {}) {
    for (const auto& name : names())
      more.push_back(name);
    more.emplace_back("kafka.session_timeout=6s");
    return NodeProcess{kafka.bootstrap_servers, more};
  }

  /// Lets a node work on all that is written; it must be ready at the end.
  void work(const std::vector<std::string>& more = {}) {
    auto node = start_node(more);
    finish(node);
  }

  /// Lets a node work on what `write_input` writes: timestamps that are refused
  /// by limits that came after it had asked for them.
  void work_by_new_limits(const std::function<void()>& write_input,
                          const std::vector<std::string>& more = {}) {
    for (const auto& topic :
         {kafka.input_topic, kafka.output_topic, kafka.dlq_topic})
      topic_settings[topic][ahead_setting] = a_day;
    create_topics();
    auto node = start_node(more);
    // To no partition that is written to later.
    generate(1, 0, 1, partitions - 1);
    CAF_REQUIRE(all_settled(node));
    for (const auto& topic : {kafka.output_topic, kafka.dlq_topic})
      broker().set_topic(topic, ahead_setting, an_hour);
    write_input();
    finish(node);
  }

  void finish(NodeProcess& node) {
    if (!all_settled(node))
      std::cerr << boost::json::serialize(node.status()) << '\n' << node.log();
    CAF_CHECK(
      eventually(20s, [&] { return node.http_code("/health/ready") == 200; }));
    metrics = node.page("/metrics");
    CAF_CHECK_EQUAL(node.stop(), 0);
    log = node.log();
  }

  bool logged(std::string_view text) const {
    return log.find(text) != std::string::npos;
  }

  std::string log;
  std::string metrics; ///< before the end
};

} // namespace millrace::tests
