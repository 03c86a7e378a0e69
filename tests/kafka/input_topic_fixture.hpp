#pragma once

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/topic_reader.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace millrace::tests {

using namespace adapters::kafka;
using namespace std::chrono_literals;

inline constexpr int patience_ms = 30'000;

inline std::string event(int number) {
  return R"({"user_id":"u-)" + std::to_string(number)
         + R"(","app_version":"2.3.0","ip":"8.8.8.8","locale":"WA",)"
           R"("device_id":"d-1","timestamp":1720589697,"device_type":"iOS"})";
}

/// Topics of one partition, and what only an administrator does to them.
struct InputTopicFixture : RealKafkaFixture {
  void create_input() {
    auto admin = TopicAdmin::open(kafka);
    CAF_REQUIRE(admin);
    const std::vector<TopicSpec> topics{{kafka.input_topic, 1},
                                        {kafka.output_topic, 1},
                                        {kafka.dlq_topic, 1},
                                        {kafka.insights_topic, 1}};
    const auto created = (*admin)->create(topics, 30s);
    CAF_REQUIRE(created.has_value());
  }

  ClientPtr client(ClientRole role) {
    auto made = ClientSettings{kafka}.create(role);
    CAF_REQUIRE(made);
    return *std::move(made);
  }

  EventPtr answer_to(rd_kafka_queue_t* queue) {
    EventPtr answer{rd_kafka_queue_poll(queue, patience_ms)};
    CAF_REQUIRE(answer != nullptr);
    CAF_REQUIRE_EQUAL(rd_kafka_event_error(answer.get()),
                      RD_KAFKA_RESP_ERR_NO_ERROR);
    return answer;
  }

  /// As retention does.
  void drop_records_before(std::int64_t offset) {
    const auto admin = client(ClientRole::producer);
    const QueuePtr queue{rd_kafka_queue_new(admin.get())};
    const PartitionListPtr list{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(list.get(), kafka.input_topic.c_str(), 0)
      ->offset
      = offset;
    Owned<rd_kafka_DeleteRecords_t, rd_kafka_DeleteRecords_destroy> order{
      rd_kafka_DeleteRecords_new(list.get())};
    auto* raw = order.get();
    rd_kafka_DeleteRecords(admin.get(), &raw, 1, nullptr, queue.get());
    answer_to(queue.get());
  }

  /// Whether so many events, from that number on, are in the output.
  bool all_came(int first, int count) {
    auto reader = TopicReader::open(kafka);
    auto extent = (*reader)->extent(kafka.output_topic, 10s);
    if (!extent)
      return false;
    std::string outputs;
    auto read = (*reader)->read(
      kafka.output_topic, *extent,
      [&](logic::PartitionId, const logic::RecordView& record) {
        outputs += record.value.value_or("");
        return true;
      },
      10s);
    for (int number = first; number != first + count; ++number)
      if (outputs.find("\"u-" + std::to_string(number) + "\"")
          == std::string::npos)
        return false;
    return read.has_value();
  }

  void write_events(int count, int first = 0) {
    auto writer = TopicWriter::open(kafka, kafka.input_topic);
    CAF_REQUIRE(writer);
    for (int number = first; number != first + count; ++number) {
      const auto value = event(number);
      TopicRecord record;
      record.partition = logic::PartitionId{0};
      record.value = value;
      while (!(*writer)->write(record))
        (*writer)->poll(100ms);
    }
    const auto flushed = (*writer)->flush(30s);
    CAF_REQUIRE(flushed.has_value());
  }

  enum class TransactionEnd { commit, abort, none };

  /// A transaction for each of these, as a producer with exactly once does. One
  /// without an end stays open for a minute.
  void write_in_transactions(int count,
                             TransactionEnd end = TransactionEnd::commit) {
    auto settings = kafka;
    ClientSettings made{settings};
    made.set("transactional.id", settings.input_topic + "-writer");
    auto producer = made.create(ClientRole::producer);
    CAF_REQUIRE(producer);
    auto* handle = producer->get();
    CAF_REQUIRE(!ErrorPtr{rd_kafka_init_transactions(handle, patience_ms)});
    const TopicPtr topic{
      rd_kafka_topic_new(handle, kafka.input_topic.c_str(), nullptr)};
    CAF_REQUIRE(topic != nullptr);
    for (int number = 0; number != count; ++number) {
      auto value = event(number);
      CAF_REQUIRE(!ErrorPtr{rd_kafka_begin_transaction(handle)});
      CAF_REQUIRE_EQUAL(rd_kafka_produce(topic.get(), 0, RD_KAFKA_MSG_F_COPY,
                                         value.data(), value.size(), nullptr, 0,
                                         nullptr),
                        0);
      // An abort drops what was not sent yet.
      CAF_REQUIRE_EQUAL(rd_kafka_flush(handle, patience_ms),
                        RD_KAFKA_RESP_ERR_NO_ERROR);
      if (end == TransactionEnd::none)
        return;
      CAF_REQUIRE(
        !ErrorPtr{end == TransactionEnd::commit
                    ? rd_kafka_commit_transaction(handle, patience_ms)
                    : rd_kafka_abort_transaction(handle, patience_ms)});
    }
  }

  NodeProcess start_node(std::vector<std::string> more = {}) {
    auto settings = names();
    settings.insert(settings.end(), more.begin(), more.end());
    return NodeProcess{kafka.bootstrap_servers, settings};
  }

  /// Processes what is there and ends; the group stands at its end then.
  void process_all(std::uint64_t count) {
    auto node = start_node();
    CAF_REQUIRE(eventually(60s, [&] { return node.finished() >= count; }));
    CAF_REQUIRE_EQUAL(node.stop(), 0);
  }

  static bool says(const NodeProcess& node, const std::string& text) {
    return node.log().find(text) != std::string::npos;
  }

  /// A line of /status; whether the only partition stands there.
  static bool stands_at(NodeProcess& node, std::int64_t committed) {
    const auto consumer = node.status_of("consumer");
    if (consumer.empty() || consumer.at("partitions").as_array().size() != 1)
      return false;
    const auto& line = consumer.at("partitions").as_array()[0].as_object();
    return !line.at("committed").is_null() && !line.at("lag_records").is_null()
           && line.at("committed").to_number<std::int64_t>() == committed
           && line.at("lag_records").to_number<std::int64_t>() == 0;
  }
};

} // namespace millrace::tests
