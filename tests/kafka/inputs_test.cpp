#define CAF_SUITE inputs

#include "adapters/kafka/topic_reader.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;

namespace {

/// Inputs and outputs of every kind that Kafka has.
struct Fixture : tests::RealKafkaFixture {
  NodeProcess start_node(const std::vector<std::string>& more = {}) {
    auto settings = names();
    settings.insert(settings.end(), more.begin(), more.end());
    return NodeProcess{kafka.bootstrap_servers, settings};
  }

  void process_all(const std::vector<std::string>& more = {}) {
    auto node = start_node(more);
    CAF_CHECK(all_ended());
    CAF_CHECK_EQUAL(node.stop(), 0);
    CAF_CHECK(proven(Guarantee::exactly_once));
  }

  void create(const std::vector<adapters::kafka::TopicSpec>& topics) const {
    auto admin = adapters::kafka::TopicAdmin::open(kafka);
    CAF_REQUIRE(admin);
    const auto created = (*admin)->create(topics, 60s);
    CAF_REQUIRE(created.has_value());
  }

  std::size_t records_in(const std::string& topic) const {
    auto reader = adapters::kafka::TopicReader::open(kafka);
    CAF_REQUIRE(reader);
    const auto extent = (*reader)->extent(topic, 30s);
    CAF_REQUIRE(extent);
    std::size_t count = 0;
    const auto read = (*reader)->read(
      topic, *extent,
      [&count](logic::PartitionId, const logic::RecordView&) {
        ++count;
        return true;
      },
      30s);
    CAF_REQUIRE(read);
    return count;
  }

  /// A login event of so many bytes and some more.
  static std::string event(int number, std::size_t filler = 0) {
    return R"({"user_id":"u-)" + std::to_string(number)
           + R"(","app_version":"2.3.0","ip":"8.8.8.8","locale":"WA",)"
             R"("device_id":"d-1","timestamp":1720589697,"device_type":"iOS",)"
             R"("more":")"
           + std::string(filler, 'x') + "\"}";
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(inputs_tests, Fixture)

CAF_TEST(every_compression_is_read_and_written) {
  create_topics();
  // As Kafka numbers them in the attributes of a batch.
  int number = 0;
  for (const auto* codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    kafka.compression = codec;
    generate(1'000, 0.05, static_cast<std::uint64_t>(number) + 1);
    CAF_CHECK(broker().codecs(kafka.input_topic, 0).contains(number));
    process_all({"kafka.compression=" + std::string{codec}});
    CAF_CHECK(broker().codecs(kafka.output_topic, 0).contains(number));
    ++number;
  }
}

CAF_TEST(records_of_a_megabyte_pass) {
  create_topics();
  std::vector<std::string> values;
  for (int number = 0; number != 40; ++number)
    values.push_back(event(number, 990'000));
  write(values);
  process_all();
  CAF_CHECK_EQUAL(judge(Guarantee::exactly_once).total.dead, 0u);
}

CAF_TEST(records_of_a_megabyte_pass_in_transactions) {
  create_topics();
  std::vector<std::string> values;
  for (int number = 0; number != 40; ++number)
    values.push_back(event(number, 990'000));
  write(values);
  process_all({"delivery.guarantee=exactly_once", "node.name=n-1"});
  CAF_CHECK_EQUAL(judge(Guarantee::exactly_once).total.dead, 0u);
}

CAF_TEST(two_hundred_partitions_are_read_and_written) {
  constexpr std::int32_t many = 200;
  create({{kafka.input_topic, many},
          {kafka.output_topic, many},
          {kafka.dlq_topic, 4},
          {kafka.insights_topic, 1}});
  {
    auto writer = adapters::kafka::TopicWriter::open(kafka, kafka.input_topic);
    CAF_REQUIRE(writer);
    for (; written != 20'000; ++written) {
      const auto value = event(static_cast<int>(written));
      adapters::kafka::TopicRecord record;
      record.partition = logic::PartitionId{
        static_cast<std::int32_t>(written % many)};
      record.value = value;
      while (!(*writer)->write(record))
        (*writer)->poll(100ms);
    }
    CAF_REQUIRE((*writer)->flush(30s).has_value());
  }
  auto node = start_node();
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.held_partitions(), static_cast<std::size_t>(many));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(two_groups_read_one_input_without_minding_each_other) {
  create_topics();
  generate(5'000);
  Fixture others = *this;
  for (auto* name :
       {&others.kafka.output_topic, &others.kafka.dlq_topic,
        &others.kafka.insights_topic, &others.kafka.consumer_group})
    *name += "-2";
  create({{others.kafka.output_topic, partitions},
          {others.kafka.dlq_topic, partitions},
          {others.kafka.insights_topic, 1}});
  auto node = start_node();
  auto other = others.start_node();
  CAF_CHECK(all_settled(node));
  CAF_CHECK(others.all_settled(other));
  CAF_CHECK_EQUAL(node.stop(), 0);
  generate(2'000, 0.05, 2);
  others.written = written;
  CAF_CHECK(others.all_settled(other));
  CAF_CHECK_EQUAL(other.stop(), 0);
  CAF_CHECK(others.proven(Guarantee::exactly_once));
  auto back = start_node();
  CAF_CHECK(all_ended());
  CAF_CHECK_EQUAL(back.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(gaps_that_compaction_leaves_are_no_skips) {
  topic_settings[kafka.input_topic] = {{"cleanup.policy", "compact"},
                                       {"segment.bytes", "1048576"},
                                       {"min.cleanable.dirty.ratio", "0.01"},
                                       {"min.compaction.lag.ms", "0"}};
  create_topics();
  // All have one key; what is left has gaps before it, in it and behind.
  std::vector<std::string> values;
  for (int number = 0; number != 12'000; ++number)
    values.push_back(event(number, 300));
  write(values);
  CAF_REQUIRE(
    eventually(60s, [&] { return records_in(kafka.input_topic) < 11'000; }));
  auto node = start_node();
  CAF_CHECK(eventually(60s, [&] {
    const auto report = judge(Guarantee::at_least_once);
    return report.total.lost == 0 && report.total.input > 0;
  }));
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_LESS(node.finished(), written);
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(node.log().find("a partition cannot be read on")
            == std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
