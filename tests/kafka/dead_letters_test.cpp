#define CAF_SUITE dead_letters

#include "adapters/kafka/message_fields.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "logic/records/provenance.hpp"
#include "logic/records/replay_history.hpp"
#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/replay_scenario.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <csignal>
#include <optional>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;
using tests::Environment;
using tests::RealKafka;

namespace {

constexpr std::int64_t long_ago_ms = 1'600'000'000'000;

struct Fixture : tests::RealKafkaFixture {
  using RealKafkaFixture::RealKafkaFixture;

  tests::ReplayScenario scenario{*this, names()};

  /// The headers of a dead letter as a node writes it.
  std::string headers_of(std::int64_t offset) const {
    std::string headers;
    logic::DeadLetterNote note;
    note.source = {kafka.input_topic, logic::PartitionId{0},
                   logic::Offset{offset}};
    note.reason = logic::Reason::missing_field;
    note.stage = "validator";
    append_dead_letter_note(headers, note);
    return headers;
  }

  void write_letters(const std::vector<std::string>& values) {
    auto writer = adapters::kafka::TopicWriter::open(kafka, kafka.dlq_topic);
    CAF_REQUIRE(writer.has_value());
    std::int64_t offset = 0;
    for (const auto& value : values) {
      const auto headers = headers_of(offset++);
      CAF_CHECK((*writer)->write({.partition = logic::PartitionId{0},
                                  .key = "key",
                                  .value = value,
                                  .headers = headers,
                                  .timestamp_ms = long_ago_ms}));
    }
    CAF_REQUIRE((*writer)->flush(30s).has_value());
  }

  /// Another topic, for --to.
  std::string make_target(const std::map<std::string, std::string>& settings) {
    const auto name = kafka.input_topic + "-repair";
    auto admin = adapters::kafka::TopicAdmin::open(kafka);
    CAF_REQUIRE(admin.has_value());
    const std::vector<adapters::kafka::TopicSpec> wish{{name, 1, 1, settings}};
    CAF_REQUIRE((*admin)->create(wish, 30s).has_value());
    return name;
  }
};

/// A broker that allows nothing by itself.
struct StrictFixture : Fixture {
  static RealKafka& strict_broker() {
    static RealKafka kafka{RealKafka::Access::strict};
    return kafka;
  }

  StrictFixture() : Fixture(strict_broker()) {}

  static Environment as_user() {
    auto& broker = strict_broker();
    return {{"KAFKA_BOOTSTRAP_SERVERS", broker.sasl_ssl()},
            {"KAFKA_SECURITY_PROTOCOL", "SASL_SSL"},
            {"KAFKA_SASL_MECHANISM", "PLAIN"},
            {"KAFKA_SASL_USERNAME", "millrace"},
            {"KAFKA_SASL_PASSWORD", broker.password()},
            {"KAFKA_SSL_CA_LOCATION", broker.file("ca.pem")}};
  }

  /// Refused with one line that names the right.
  void check_refused(const std::vector<std::string>& arguments,
                     const std::string& right) {
    const auto outcome = scenario.dlq(arguments, as_user());
    CAF_CHECK_EQUAL(outcome.code, 5);
    if (!outcome.says("this user may not: let it with kafka-acls --add "
                      "--allow-principal User:<name> "
                      + right + "\n"))
      CAF_ERROR("not named: " << right << "\n" << outcome.output);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dead_letter_tests, Fixture)

CAF_TEST(a_mended_rule_lets_all_pass_once_in_order) {
  create_topics();
  scenario.a_mended_rule_lets_all_pass_once_in_order();
}

CAF_TEST(a_killed_replay_goes_on) {
  create_topics();
  scenario.a_killed_replay_goes_on();
}

CAF_TEST(a_record_that_fails_again_is_left_in_the_end) {
  create_topics();
  scenario.a_record_that_fails_again_is_left_in_the_end();
}

CAF_TEST(a_broker_that_is_killed_costs_nothing) {
  create_topics();
  scenario.make_dead_letters(5'000);
  auto replay = scenario.start_replay(1'000);
  CAF_CHECK(tests::eventually(
    60s, [&] { return scenario.count(kafka.input_topic) > 6'500; }));
  broker().end(SIGKILL);
  broker().start();
  // It waits for the broker, or says that it could not and goes on at the next
  // try.
  const auto code = replay.wait(90s);
  CAF_CHECK(code == 0 || code == 5);
  if (code != 0) {
    CAF_MESSAGE(replay.output());
    CAF_CHECK_EQUAL(scenario.dlq({"replay", "--execute"}).code, 0);
  }
  bool in_order = false;
  const auto numbers = scenario.replayed_numbers(kafka.input_topic, in_order);
  CAF_CHECK(in_order);
  CAF_CHECK_EQUAL(numbers.size(), 5'000u);
  if (code == 0)
    for (const auto& [number, times] : numbers)
      if (times != 1)
        CAF_ERROR(number << " came " << times << " times");
}

CAF_TEST(a_timestamp_that_the_topic_refuses_gives_way_to_the_present) {
  create_topics();
  const auto target = make_target(
    {{"message.timestamp.before.max.ms", "3600000"}});
  write_letters({"a", "b", "c"});
  const auto outcome = scenario.dlq({"replay", "--execute", "--to", target});
  CAF_CHECK_EQUAL(outcome.code, 0);
  CAF_CHECK(outcome.says("sent 3, delivered 3, refused 0; 3 with the present "
                         "time, as the topic refused theirs"));
  const auto records = scenario.all_of(target).at(0);
  CAF_REQUIRE_EQUAL(records.size(), 3u);
  CAF_CHECK_EQUAL(records[0].value, "a");
  CAF_CHECK_EQUAL(records[2].value, "c");
  for (const auto& record : records) {
    CAF_CHECK(record.timestamp_ms > long_ago_ms);
    CAF_CHECK_EQUAL(
      logic::read_replay_history(record.headers)->timestamp_ms.value_or(0),
      long_ago_ms);
  }
}

CAF_TEST(a_record_that_the_topic_refuses_is_named_and_holds_up_no_other) {
  create_topics();
  const auto target = make_target({{"max.message.bytes", "2000"}});
  write_letters({"a", std::string(5'000, 'b'), "c"});
  const auto outcome = scenario.dlq({"replay", "--execute", "--to", target});
  CAF_CHECK_EQUAL(outcome.code, 1);
  CAF_CHECK(outcome.says("sent 3, delivered 2, refused 1\nrefused 0:1: "));
  const auto records = scenario.all_of(target).at(0);
  CAF_REQUIRE_EQUAL(records.size(), 2u);
  CAF_CHECK_EQUAL(records[0].value, "a");
  CAF_CHECK_EQUAL(records[1].value, "c");
}

CAF_TEST(what_is_not_committed_is_not_seen) {
  create_topics();
  write_letters({"before"});
  namespace client = adapters::kafka;
  client::ClientSettings settings{kafka};
  settings.set("transactional.id", kafka.dlq_topic);
  auto producer = settings.create(client::ClientRole::producer);
  CAF_REQUIRE(producer.has_value());
  auto* const handle = producer->get();
  const client::TopicPtr topic{
    rd_kafka_topic_new(handle, kafka.dlq_topic.c_str(), nullptr)};
  const auto fine = [](rd_kafka_error_t* error) {
    const client::ErrorPtr owned{error};
    return error == nullptr;
  };
  CAF_REQUIRE(fine(rd_kafka_init_transactions(handle, 30'000)));
  const auto headers = headers_of(99);
  const auto write = [&](std::string_view value) {
    CAF_REQUIRE(fine(rd_kafka_begin_transaction(handle)));
    CAF_CHECK(client::produce(handle, {.topic = topic.get(),
                                       .partition = 0,
                                       .flags = RD_KAFKA_MSG_F_COPY,
                                       .key = std::nullopt,
                                       .value = value,
                                       .headers = headers})
              == RD_KAFKA_RESP_ERR_NO_ERROR);
    CAF_CHECK(rd_kafka_flush(handle, 30'000) == RD_KAFKA_RESP_ERR_NO_ERROR);
  };
  write("aborted");
  CAF_REQUIRE(fine(rd_kafka_abort_transaction(handle, 30'000)));
  write("open");
  const auto outcome = scenario.dlq({"replay", "--execute"});
  CAF_CHECK_EQUAL(outcome.code, 0);
  CAF_CHECK(outcome.says("sent 1, delivered 1"));
  CAF_REQUIRE(fine(rd_kafka_commit_transaction(handle, 30'000)));
  CAF_CHECK(scenario.dlq({"replay", "--execute"}).says("sent 1, delivered 1"));
  const auto records = scenario.all_of(kafka.input_topic).at(0);
  CAF_REQUIRE_EQUAL(records.size(), 2u);
  CAF_CHECK_EQUAL(records[0].value, "before");
  CAF_CHECK_EQUAL(records[1].value, "open");
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST_FIXTURE_SCOPE(dead_letter_rights_tests, StrictFixture)

CAF_TEST(rights_that_are_missing_are_named_before_anything_is_sent) {
  create_topics();
  write_letters({"a"});
  auto& broker = strict_broker();
  const auto group = kafka.consumer_group + ".replay";
  check_refused({"ls"}, "--operation Read --topic " + kafka.dlq_topic);
  broker.grant(RD_KAFKA_RESOURCE_TOPIC, kafka.dlq_topic,
               RD_KAFKA_ACL_OPERATION_READ);
  CAF_CHECK_EQUAL(scenario.dlq({"ls"}, as_user()).code, 0);
  check_refused({"replay", "--execute"}, "--operation Read --group " + group);
  broker.grant(RD_KAFKA_RESOURCE_GROUP, group, RD_KAFKA_ACL_OPERATION_READ);
  check_refused({"replay", "--execute"},
                "--operation Write --topic " + kafka.input_topic);
  broker.grant(RD_KAFKA_RESOURCE_TOPIC, kafka.input_topic,
               RD_KAFKA_ACL_OPERATION_READ);
  check_refused({"replay", "--execute"},
                "--operation Write --topic " + kafka.input_topic);
  CAF_CHECK_EQUAL(scenario.count(kafka.input_topic), 0u);
  broker.grant(RD_KAFKA_RESOURCE_TOPIC, kafka.input_topic,
               RD_KAFKA_ACL_OPERATION_WRITE);
  const auto outcome = scenario.dlq({"replay", "--execute"}, as_user());
  CAF_CHECK_EQUAL(outcome.code, 0);
  CAF_CHECK(outcome.says("sent 1, delivered 1"));
}

CAF_TEST_FIXTURE_SCOPE_END()
