#define CAF_SUITE refusals

#include "logic/records/provenance.hpp"
#include "logic/records/record_headers.hpp"
#include "tests/kafka/refusals_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::event;
using tests::eventually;
using tests::NodeProcess;

CAF_TEST_FIXTURE_SCOPE(refusal_tests, tests::RefusalsFixture)

CAF_TEST(the_limits_of_topics_are_kept_from_the_start) {
  topic_settings[kafka.output_topic]["max.message.bytes"] = "65536";
  topic_settings[kafka.dlq_topic]["max.message.bytes"] = "16384";
  create_topics();
  write_all(std::vector<std::string>(2'000, event()));
  write_all(std::vector<std::string>(1'000, "no json at all"));
  // Long enough for requests that would be too large.
  work({"kafka.linger=100ms"});
  CAF_CHECK(proven(Guarantee::exactly_once));
  CAF_CHECK_EQUAL(count(kafka.output_topic), 2'000u);
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 1'000u);
  CAF_CHECK(!metrics.empty());
  CAF_CHECK(metrics.find("MSG_SIZE_TOO_LARGE") == std::string::npos);
  const auto checked = command(
    {"check", "--connect", "--bootstrap-servers", kafka.bootstrap_servers});
  CAF_CHECK(checked.says("max.message.bytes 65536"));
  CAF_CHECK(checked.says("max.message.bytes 16384"));
}

CAF_TEST(a_client_that_sends_too_much_at_once_blames_no_record) {
  topic_settings[kafka.output_topic]["max.message.bytes"] = "65536";
  create_topics();
  write_all(std::vector<std::string>(2'000, event()));
  // Overrides what the node has learnt of the topic.
  work({"kafka.properties=batch.size=1000000", "kafka.linger=100ms"});
  CAF_CHECK_EQUAL(count(kafka.output_topic), 2'000u);
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 0u);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(limits_that_change_are_asked_for_again) {
  create_topics();
  auto node = start_node({"kafka.linger=100ms"});
  const auto refusals = [&node] {
    return node.page("/metrics").find("error=\"MSG_SIZE_TOO_LARGE\"")
           != std::string::npos;
  };
  write_all(std::vector<std::string>(500, event()));
  CAF_CHECK(all_settled(node));
  CAF_CHECK(!refusals());
  broker().set_topic(kafka.output_topic, "max.message.bytes", "16384");
  write_all(std::vector<std::string>(500, event()));
  CAF_CHECK(all_settled(node));
  CAF_CHECK(refusals());
  // The first of them told; requests keep to the new limit from then on.
  const auto retries = [&node] {
    return node.status_of("producer").at("retries").to_number<std::int64_t>();
  };
  const auto before = retries();
  write_all(std::vector<std::string>(2'000, event()));
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(retries(), before);
  // What is larger than any topic took at the start is no reason to refuse it.
  for (const auto& topic : {kafka.input_topic, kafka.dlq_topic})
    broker().set_topic(topic, "max.message.bytes", "5242880");
  write_all({std::string(4'000'000, 'x')});
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK_EQUAL(count(kafka.output_topic), 3'000u);
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 1u);
  CAF_CHECK_EQUAL(judge(Guarantee::at_least_once).total.references, 0u);
  CAF_CHECK_EQUAL(judge(Guarantee::at_least_once).total.lost, 0u);
}

CAF_TEST(a_dead_letter_that_does_not_fit_is_written_as_a_reference) {
  create_topics();
  // As large as the input takes it: with headers it is too large.
  const std::string value(1'048'450, 'x');
  write_all({event(), value, event()});
  work();
  CAF_CHECK_EQUAL(count(kafka.output_topic), 2u);
  std::size_t found = 0;
  each(kafka.dlq_topic, [&](const logic::RecordView& record) {
    ++found;
    const auto note = logic::read_dead_letter_note(record.headers);
    CAF_REQUIRE(note && note->value);
    CAF_CHECK(!record.value);
    CAF_CHECK(*note->value == logic::omit(value));
    CAF_CHECK_EQUAL(note->source.offset.value, 1);
  });
  CAF_CHECK_EQUAL(found, 1u);
  CAF_CHECK(logged("written without its value"));
  CAF_CHECK(metrics.find("\nmillrace_dead_letter_references_total 1\n")
            != std::string::npos);
  CAF_CHECK(proven(Guarantee::exactly_once));
  CAF_CHECK_EQUAL(judge(Guarantee::exactly_once).total.references, 1u);
}

CAF_TEST(a_larger_topic_takes_dead_letters_of_all_that_a_larger_input_brings) {
  topic_settings[kafka.input_topic]["max.message.bytes"] = "4194304";
  topic_settings[kafka.dlq_topic]["max.message.bytes"] = "5242880";
  create_topics();
  write_all({event(), std::string(4'000'000, 'x'), event()});
  work({"flow.memory_budget=256MiB"});
  CAF_CHECK_EQUAL(judge(Guarantee::exactly_once).total.references, 0u);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(a_partition_that_stands_still_is_named_with_the_reason) {
  topic_settings[kafka.dlq_topic]["max.message.bytes"] = "10000";
  create_topics();
  write_all({event(), std::string(20'000, 'x'), event()});
  auto node = start_node(
    {"delivery.oversized_dead_letter=stop", "delivery.shutdown_deadline=2s"});
  CAF_CHECK(eventually(40s, [&] {
    const auto producer = node.status_of("producer");
    return !producer.empty() && !producer.at("pinned").as_array().empty();
  }));
  CAF_CHECK_EQUAL(node.http_code("/health/ready"), 503);
  const auto status = boost::json::serialize(node.status());
  CAF_CHECK(status.find("partition 0 stands still at offset 1")
            != std::string::npos);
  CAF_CHECK(status.find("MSG_SIZE_TOO_LARGE") != std::string::npos);
  node.send_signal(SIGKILL);
  node.wait(5s);
}

CAF_TEST(headers_that_do_not_fit_are_left_out_of_a_dead_letter) {
  topic_settings[kafka.dlq_topic]["max.message.bytes"] = "16384";
  create_topics();
  std::string headers;
  logic::append_header(headers, "large", std::string(100'000, 'h'));
  auto writer = adapters::kafka::TopicWriter::open(kafka, kafka.input_topic);
  CAF_REQUIRE(writer);
  adapters::kafka::TopicRecord record;
  record.partition = logic::PartitionId{0};
  record.key = "key";
  record.value = "no json";
  record.headers = headers;
  CAF_REQUIRE((*writer)->write(record));
  CAF_REQUIRE((*writer)->flush(30s));
  ++written;
  work();
  each(kafka.dlq_topic, [&](const logic::RecordView& letter) {
    const auto note = logic::read_dead_letter_note(letter.headers);
    CAF_REQUIRE(note && note->value && note->key);
    CAF_CHECK(!letter.value && !letter.key);
    CAF_CHECK_EQUAL(to_string(note->reason), "not_json");
  });
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(a_compacted_output_refuses_records_without_key_and_says_so_once) {
  topic_settings[kafka.output_topic]["cleanup.policy"] = "compact";
  create_topics();
  const std::string secret = "9f3e-secret";
  write_all(std::vector<std::string>(
              3'000, event(R"(,"device_id":")" + secret + R"(")")),
            std::nullopt);
  std::uint64_t resident = 0;
  {
    auto node = start_node({"flow.memory_budget=32MiB"});
    CAF_CHECK(all_settled(node));
    resident = node.resident_bytes();
    CAF_CHECK_EQUAL(node.http_code("/health/ready"), 200);
    CAF_CHECK_EQUAL(node.stop(), 0);
    log = node.log();
  }
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 3'000u);
  each(kafka.dlq_topic, [&](const logic::RecordView& record) {
    const auto note = logic::read_dead_letter_note(record.headers);
    CAF_REQUIRE(note);
    CAF_CHECK(note->detail.size() <= 512);
    CAF_CHECK(note->detail.find(secret) == std::string_view::npos);
    CAF_CHECK(note->detail.find("INVALID_RECORD") != std::string_view::npos);
  });
  CAF_CHECK(!logged(secret));
  constexpr std::string_view said = "refuses every record without a key";
  CAF_CHECK(logged(said));
  CAF_CHECK_EQUAL(log.find(said), log.rfind(said));
  if (!tests::sanitized())
    CAF_CHECK_LESS(resident, 128ULL << 20U);
}

CAF_TEST(a_topic_that_is_compacted_no_longer_takes_them_soon) {
  topic_settings[kafka.output_topic]["cleanup.policy"] = "compact";
  create_topics();
  write_all({event(), event()}, std::nullopt);
  auto node = start_node();
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(count(kafka.output_topic), 0u);
  broker().set_topic(kafka.output_topic, "cleanup.policy", "delete");
  CAF_CHECK(eventually(15s, [&] {
    write_all({event()}, std::nullopt);
    CAF_CHECK(all_settled(node));
    return count(kafka.output_topic) != 0;
  }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(dead_letters_without_a_key_are_given_one_for_a_compacted_topic) {
  topic_settings[kafka.dlq_topic]["cleanup.policy"] = "compact";
  create_topics();
  write_all({"no json", event(), "none either"}, std::nullopt);
  work();
  std::vector<std::string> keys;
  each(kafka.dlq_topic, [&](const logic::RecordView& record) {
    keys.emplace_back(record.key.value_or(""));
  });
  const std::vector<std::string> expected{kafka.input_topic + "/0/0",
                                          kafka.input_topic + "/0/2"};
  CAF_CHECK_EQUAL(keys, expected);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(a_missing_insights_topic_is_a_warning) {
  const auto insights = kafka.insights_topic;
  create_topics();
  kafka.insights_topic = insights + "-missing";
  write_all({event(), event()});
  work({"insights.interval=200ms"});
  CAF_CHECK(logged("topic " + kafka.insights_topic + " does not exist"));
}

CAF_TEST_FIXTURE_SCOPE_END()
