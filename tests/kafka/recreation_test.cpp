#define CAF_SUITE recreation

#include "adapters/kafka/topic_reader.hpp"
#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using adapters::kafka::TopicAdmin;
using adapters::kafka::TopicReader;
using adapters::kafka::TopicSpec;
using tests::eventually;
using tests::NodeProcess;
using tests::Program;

namespace {

/// Topics that are written to are deleted and created again while the node is
/// at work.
struct Fixture : tests::RealKafkaFixture {
  void create_with(std::int32_t output_partitions) {
    auto admin = TopicAdmin::open(kafka);
    CAF_REQUIRE(admin);
    const std::vector<TopicSpec> topics{{kafka.input_topic, partitions},
                                        {kafka.output_topic, output_partitions},
                                        {kafka.dlq_topic, output_partitions},
                                        {kafka.insights_topic, 1}};
    const auto created = (*admin)->create(topics, 30s);
    CAF_REQUIRE(created.has_value());
  }

  Program start_load(std::uint64_t rate, std::uint64_t count,
                     const std::string& bad_share) {
    written += count;
    return Program{{tests::millrace_binary(), "generate", "--quiet",
                    "--bootstrap-servers", kafka.bootstrap_servers, "--rate",
                    std::to_string(rate), "--count", std::to_string(count),
                    "--bad-share", bad_share, "--no-device-type-share", "0",
                    "--set", "kafka.input_topic=" + kafka.input_topic}};
  }

  NodeProcess start_node() {
    auto settings = names();
    settings.emplace_back("kafka.session_timeout=30s");
    settings.emplace_back("delivery.stall_alarm=45s");
    return NodeProcess{kafka.bootstrap_servers, settings};
  }

  struct Contents {
    /// Offsets in the input of the outputs, by partition of the input.
    std::map<std::int32_t, std::set<std::int64_t>> by_source;
    std::map<std::int32_t, std::size_t> by_partition;
    std::size_t records = 0;
    /// Behind a later one of the same partition of the input.
    std::size_t out_of_order = 0;
  };

  Contents outputs() {
    Contents found;
    std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> last;
    auto reader = TopicReader::open(kafka);
    const auto extent = (*reader)->extent(kafka.output_topic, 30s);
    CAF_REQUIRE(extent);
    const auto read = (*reader)->read(
      kafka.output_topic, *extent,
      [&](logic::PartitionId partition, const logic::RecordView& record) {
        const auto document = boost::json::parse(*record.value);
        const auto& source = document.at("source");
        const auto from = source.at("partition").to_number<std::int32_t>();
        const auto offset = source.at("offset").to_number<std::int64_t>();
        auto& before
          = last.try_emplace({from, partition.value}, -1).first->second;
        found.out_of_order += before >= offset ? 1 : 0;
        before = offset;
        found.by_source[from].insert(offset);
        ++found.by_partition[partition.value];
        ++found.records;
        return true;
      },
      30s);
    CAF_REQUIRE(read.has_value());
    return found;
  }

  /// What was delivered before is gone with the topic; whatever came after it
  /// in the input is there once and in order.
  void check_outputs(const Contents& found) {
    auto reader = TopicReader::open(kafka);
    const auto input = (*reader)->extent(kafka.input_topic, 30s);
    CAF_REQUIRE(input);
    std::size_t distinct = 0;
    for (const auto& [partition, low, high] : *input) {
      const auto place = found.by_source.find(partition.value);
      CAF_REQUIRE(place != found.by_source.end());
      const auto& offsets = place->second;
      CAF_CHECK_EQUAL(*offsets.rbegin(), high.value - 1);
      CAF_CHECK_EQUAL(offsets.size(),
                      static_cast<std::size_t>(high.value - *offsets.begin()));
      distinct += offsets.size();
    }
    CAF_CHECK_EQUAL(found.records, distinct);
    CAF_CHECK_EQUAL(found.out_of_order, 0u);
  }

  static bool says(const NodeProcess& node, const std::string& text) {
    return node.log().find(text) != std::string::npos;
  }

  bool says_recreated(const NodeProcess& node, const std::string& topic,
                      std::int32_t count) {
    return says(node, "a topic that is written to was created anew")
           && says(node, "writing to " + topic
                           + ": the topic was deleted and created again, with "
                           + std::to_string(count) + " partitions now");
  }

  Contents recreate_output(std::int32_t before, std::int32_t after) {
    create_with(before);
    auto node = start_node();
    auto load = start_load(2'000, 20'000, "0");
    CAF_CHECK(eventually(60s, [&] { return node.finished() > 3'000; }));
    create_again(kafka.output_topic, after);
    CAF_CHECK(eventually(
      15s, [&] { return says_recreated(node, kafka.output_topic, after); }));
    CAF_CHECK_EQUAL(load.wait(60s), 0);
    CAF_CHECK(all_settled(node));
    CAF_CHECK(
      eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
    CAF_CHECK_EQUAL(node.stop(), 0);
    auto found = outputs();
    check_outputs(found);
    return found;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(recreation_tests, Fixture)

CAF_TEST(an_output_made_anew_with_as_many_partitions_gets_all_that_follows) {
  const auto found = recreate_output(4, 4);
  CAF_CHECK_EQUAL(found.by_partition.size(), 4u);
}

CAF_TEST(an_output_made_anew_with_fewer_partitions_gets_all_that_follows) {
  const auto found = recreate_output(4, 2);
  CAF_CHECK_EQUAL(found.by_partition.size(), 2u);
}

CAF_TEST(an_output_made_anew_with_more_partitions_uses_them) {
  const auto found = recreate_output(2, 4);
  CAF_CHECK_EQUAL(found.by_partition.size(), 4u);
}

CAF_TEST(partitions_that_are_added_to_an_output_are_used) {
  create_with(2);
  auto node = start_node();
  auto load = start_load(2'000, 20'000, "0");
  CAF_CHECK(eventually(60s, [&] { return node.finished() > 3'000; }));
  auto admin = TopicAdmin::open(kafka);
  const auto raised = (*admin)->raise_partitions(kafka.output_topic, 4, 30s);
  CAF_REQUIRE(raised.has_value());
  CAF_CHECK_EQUAL(load.wait(60s), 0);
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
  const auto found = outputs();
  check_outputs(found);
  CAF_CHECK_EQUAL(found.records, 20'000u);
  CAF_CHECK_EQUAL(found.by_partition.size(), 4u);
  CAF_CHECK(!says(node, "circuit"));
}

CAF_TEST(an_output_that_is_gone_for_long_gets_all_that_waited) {
  create_with(4);
  auto node = start_node();
  auto load = start_load(500, 20'000, "0");
  CAF_CHECK(eventually(60s, [&] { return node.finished() > 1'000; }));
  broker().delete_topic(kafka.output_topic);
  // librdkafka holds on to a topic that is gone for 30 s.
  CAF_CHECK(eventually(
    90s, [&] { return says(node, "a partition lags and does not move"); }));
  create_topics();
  CAF_CHECK_EQUAL(load.wait(60s), 0);
  CAF_CHECK(all_settled(node));
  CAF_CHECK(
    eventually(70s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  check_outputs(outputs());
}

CAF_TEST(a_dead_letter_topic_made_anew_holds_up_nothing) {
  create_with(4);
  auto node = start_node();
  auto load = start_load(2'000, 12'000, "0.5");
  CAF_CHECK(eventually(60s, [&] { return node.finished() > 3'000; }));
  create_again(kafka.dlq_topic, 1);
  CAF_CHECK(
    eventually(15s, [&] { return says_recreated(node, kafka.dlq_topic, 1); }));
  CAF_CHECK_EQUAL(load.wait(60s), 0);
  CAF_CHECK(all_settled(node));
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST(topics_made_anew_after_elections_are_read_and_written) {
  create_with(4);
  // Each start elects leaders under new epochs, which the new topics do not go
  // on from.
  for (int count = 0; count != 2; ++count) {
    broker().end(SIGTERM);
    broker().start();
  }
  auto node = start_node();
  const auto run_load = [&] {
    CAF_CHECK_EQUAL(start_load(2'000, 2'000, "0").wait(60s), 0);
  };
  run_load();
  CAF_CHECK(eventually(60s, [&] { return node.finished() == written; }));
  create_again(kafka.output_topic, 4);
  run_load();
  CAF_CHECK(eventually(60s, [&] { return node.finished() == written; }));
  create_again(kafka.input_topic, 4);
  run_load();
  CAF_CHECK(eventually(60s, [&] { return node.finished() >= written; }));
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(!says(node, "truncation"));
  // What was written since the output was made anew, and nothing twice.
  CAF_CHECK_EQUAL(outputs().records, 4'000u);
}

CAF_TEST_FIXTURE_SCOPE_END()
