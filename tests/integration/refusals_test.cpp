#define CAF_SUITE refusals

#include "adapters/kafka/topic_reader.hpp"
#include "logic/records/provenance.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/node_process.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/serialize.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;

namespace {

constexpr std::string_view secret = "c0ffee-secret";

std::string good_event(const std::string& user) {
  return R"({"user_id":")" + user
         + R"(","app_version":"2.3.0","device_type":"iOS"})";
}

struct Fixture : tests::KafkaFixture {
  /// Good events and such that are no JSON, all with the secret in them.
  void write_secrets(int count) {
    std::vector<std::string> values;
    for (int index = 0; index != count; ++index) {
      const auto text = std::string{secret} + std::to_string(index);
      values.push_back(index % 3 == 0 ? "no json " + text : good_event(text));
    }
    write(values);
  }

  /// Details of dead letters, joined.
  std::string details() {
    auto reader = adapters::kafka::TopicReader::open(kafka);
    CAF_REQUIRE(reader);
    const auto extent = (*reader)->extent(kafka.dlq_topic, 30s);
    CAF_REQUIRE(extent);
    std::string text;
    CAF_REQUIRE((*reader)->read(
      kafka.dlq_topic, *extent,
      [&](logic::PartitionId, const logic::RecordView& record) {
        const auto note = logic::read_dead_letter_note(record.headers);
        CAF_CHECK(note.has_value());
        if (note) {
          CAF_CHECK(note->detail.size() <= 512);
          text.append(note->detail).append("\n");
        }
        return true;
      },
      30s));
    return text;
  }

  std::int64_t outputs() {
    auto reader = adapters::kafka::TopicReader::open(kafka);
    CAF_REQUIRE(reader);
    const auto extent = (*reader)->extent(kafka.output_topic, 30s);
    CAF_REQUIRE(extent);
    std::int64_t count = 0;
    for (const auto& partition : *extent)
      count += partition.high.value - partition.low.value;
    return count;
  }

  /// `error` answers so many requests, and nothing of a record is told.
  void refuse(const std::string& error, int requests) {
    write_secrets(60);
    CAF_REQUIRE(broker->fail_requests("Produce", error, requests).has_value());
    NodeProcess node{kafka.bootstrap_servers,
                     {"log.level=debug", "insights.interval=100ms",
                      "delivery.retry_backoff=10ms"}};
    if (!all_settled(node))
      CAF_ERROR(node.log());
    CAF_CHECK_EQUAL(node.stop(), 0);
    const auto log = node.log();
    // Nor of an insight.
    for (const auto text : {secret, std::string_view{"window_start"}})
      if (log.find(text) != std::string::npos)
        CAF_ERROR(log);
    const auto told = details();
    CAF_CHECK_EQUAL(told.find(secret), std::string::npos);
    CAF_CHECK(judge(Guarantee::at_least_once).total.lost == 0);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(refusal_tests, Fixture)

CAF_TEST(no_byte_of_a_record_is_in_the_log_or_in_the_reason_of_a_dead_letter) {
  refuse("MSG_SIZE_TOO_LARGE", 30);
}

CAF_TEST(nor_when_records_are_refused_for_good) {
  refuse("INVALID_RECORD", 30);
}

CAF_TEST(nor_when_timestamps_are_refused) {
  refuse("INVALID_TIMESTAMP", 5);
}

CAF_TEST(a_denied_output_is_named_in_the_readiness_and_the_log) {
  // No dead letter among them, whose topic would be denied as well.
  write(std::vector<std::string>(4, good_event("1")));
  CAF_REQUIRE(
    broker->fail_requests("Produce", "TOPIC_AUTHORIZATION_FAILED", 1'000'000)
      .has_value());
  NodeProcess node{kafka.bootstrap_servers,
                   {"insights.enabled=false", "delivery.retry_backoff=10ms",
                    "delivery.retry_backoff_max=50ms",
                    "delivery.shutdown_deadline=2s"}};
  const auto names_it = [](std::string_view text) {
    return text.find("TOPIC_AUTHORIZATION_FAILED") != std::string::npos;
  };
  CAF_CHECK(eventually(40s, [&] {
    const auto status = node.status();
    if (status.empty())
      return false;
    const std::string reason{status.at("reason").as_string()};
    return reason.starts_with("the output does not take records: its circuit")
           && names_it(reason);
  }));
  CAF_CHECK(
    eventually(20s, [&] { return node.http_code("/health/ready") == 503; }));
  CAF_CHECK(names_it(node.log()));
  node.send_signal(SIGKILL);
  node.wait(5s);
}

CAF_TEST(denied_dead_letters_do_not_blame_the_output) {
  kafka.dlq_topic = "user-login-dlq";
  CAF_REQUIRE(broker->fail_topic(kafka.dlq_topic, "TOPIC_AUTHORIZATION_FAILED")
                .has_value());
  write_secrets(12);
  NodeProcess node{kafka.bootstrap_servers, {"insights.enabled=false"}};
  CAF_CHECK(eventually(40s, [&] { return outputs() == 8; }));
  const auto producer = node.status_of("producer");
  CAF_REQUIRE(!producer.empty());
  CAF_CHECK_EQUAL(producer.at("circuit").as_string(), "closed");
  CAF_CHECK_EQUAL(node.http_code("/health/ready"), 503);
  const auto reason = boost::json::serialize(node.status());
  CAF_CHECK(reason.find("AUTHORIZATION") != std::string::npos);
  CAF_CHECK(reason.find("circuit is open") == std::string::npos);
  CAF_REQUIRE(broker->fail_topic(kafka.dlq_topic, "NO_ERROR").has_value());
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
