#define CAF_SUITE lag_command

#include "adapters/kafka/embedded_broker.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "node/commands/command_line.hpp"
#include "node/commands/commands.hpp"
#include "tests/node/config/config_sample.hpp"

#include "caf/test/dsl.hpp"

#include <array>
#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::node;
using namespace std::chrono_literals;
using sample::contains;

namespace {

namespace kafka = adapters::kafka;

struct Fixture {
  Fixture() {
    kafka::EmbeddedBrokerOptions options;
    options.topics = {{"user-login", 2}, {"processed-user-login", 2}};
    auto started = kafka::EmbeddedBroker::start(options);
    CAF_REQUIRE(started.has_value());
    broker = *std::move(started);
  }

  void write(int count) {
    kafka::KafkaConfig config;
    config.bootstrap_servers = broker->bootstrap_servers();
    auto writer = kafka::TopicWriter::open(config, "user-login");
    CAF_REQUIRE(writer.has_value());
    for (int number = 0; number != count; ++number) {
      kafka::TopicRecord record;
      record.partition = logic::PartitionId{0};
      record.key = "key";
      record.value = "value";
      CAF_REQUIRE((*writer)->write(record));
    }
    CAF_REQUIRE((*writer)->flush(30s).has_value());
  }

  ExitCode run(std::vector<std::string> words) {
    words.insert(words.begin(), "millrace");
    words.insert(words.end(),
                 {"--bootstrap-servers", broker->bootstrap_servers()});
    std::vector<const char*> arguments;
    for (const auto& word : words)
      arguments.push_back(word.c_str());
    std::ostringstream captured_out;
    std::ostringstream captured_err;
    auto* const out_before = std::cout.rdbuf(captured_out.rdbuf());
    auto* const err_before = std::cerr.rdbuf(captured_err.rdbuf());
    constexpr std::array<AddCommand, 2> commands{commands::add_lag,
                                                 commands::add_topics};
    const auto code = run_command_line(arguments, commands, captured_out,
                                       captured_err);
    std::cout.rdbuf(out_before);
    std::cerr.rdbuf(err_before);
    out = captured_out.str();
    err = captured_err.str();
    return code;
  }

  std::unique_ptr<kafka::EmbeddedBroker> broker;
  std::string out;
  std::string err;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(lag_command_tests, Fixture)

CAF_TEST(a_broker_that_does_not_tell_of_members_is_asked_for_the_rest) {
  write(7);
  CAF_CHECK(run({"lag", "--interval", "0"}) == ExitCode::success);
  CAF_CHECK(contains(out, "the brokers do not tell who is in it"));
  CAF_CHECK(contains(out, "lag 7 on 2 partitions\n"));
  CAF_CHECK_EQUAL(err, "");
  CAF_CHECK(run({"lag", "--interval", "0", "--max-lag", "6"})
            == ExitCode::verdict_failed);
  CAF_CHECK(contains(err, "the lag of 7 is more than 6"));
}

CAF_TEST(a_topic_that_does_not_exist_is_named) {
  CAF_CHECK(run({"lag", "--interval", "0", "--input-topic", "no-such"})
            == ExitCode::success);
  CAF_CHECK(contains(out, "topic no-such: does not exist"));
  // Nobody knows what would wait there.
  CAF_CHECK(run({"lag", "--interval", "0", "--input-topic", "no-such",
                 "--max-lag", "0"})
            == ExitCode::verdict_failed);
  CAF_CHECK(contains(err, "the lag on topic no-such cannot be told"));
}

CAF_TEST(brokers_that_are_away_are_said_within_the_deadline) {
  CAF_REQUIRE(broker->take_down(1).has_value());
  CAF_CHECK(run({"lag", "--deadline", "500ms"}) == ExitCode::unavailable);
  CAF_CHECK(contains(err, "error: looking at the group user-group"));
  CAF_CHECK(contains(err, "Connection refused"));
}

CAF_TEST(options_that_make_no_sense_are_refused) {
  for (const auto& words : std::vector<std::vector<std::string>>{
         {"lag", "--format", "yaml"},
         {"lag", "--watch", "--interval", "0"},
         {"lag", "--watch", "--max-lag", "1"},
         {"lag", "--max-lag", "-1"},
         {"topics"},
         {"topics", "raise", "user-login"},
         {"topics", "raise", "user-login", "--partitions", "0"},
         {"topics", "create", "a b"},
         {"topics", "create", "twice:1", "twice:2"},
         {"topics", "describe", "a b"},
         {"topics", "raise", "__consumer_offsets", "--partitions", "99"},
         {"topics", "raise", "__transaction_state", "--partitions", "99"},
         {"lag", "--topic", "a b"}})
    CAF_CHECK(run(words) == ExitCode::usage);
  CAF_CHECK(run({"topics", "create", "new", "--setting", "retention.ms"})
            == ExitCode::usage);
  CAF_CHECK(contains(err, "--setting \"retention.ms\": write NAME=VALUE"));
  CAF_CHECK(run({"topics", "lst"}) == ExitCode::usage);
  CAF_CHECK(contains(err, "did you mean 'list'?"));
}

CAF_TEST(topics_are_listed_described_and_compared) {
  CAF_CHECK(run({"topics", "list"}) == ExitCode::success);
  CAF_CHECK(contains(out, "processed-user-login           2            1  "
                          "output\n"));
  CAF_CHECK(contains(out, "dead letters: does not exist"));
  write(3);
  CAF_CHECK(run({"topics", "describe", "user-login"}) == ExitCode::success);
  CAF_CHECK(contains(out, "topic user-login (input): 2 partitions"));
  CAF_CHECK(run({"topics", "describe", "user-login", "user-login"})
            == ExitCode::success);
  CAF_CHECK(run({"topics", "describe", "user-logins"})
            == ExitCode::unavailable);
  CAF_CHECK(contains(err, "did you mean 'user-login'?"));
  CAF_CHECK(run({"topics", "diff", "user-login:4"})
            == ExitCode::verdict_failed);
  CAF_CHECK(contains(out, "fewer    user-login: has 2 partitions"));
  CAF_CHECK(run({"topics", "diff", "user-login:2"}) == ExitCode::success);
}

CAF_TEST(nothing_is_raised_without_consent_where_keys_lose_their_order) {
  write(3);
  CAF_CHECK(run({"topics", "raise", "user-login", "--partitions", "4"})
            == ExitCode::failure);
  CAF_CHECK(contains(err, "warning: whoever writes to user-login"));
  CAF_CHECK(contains(err, "nothing was changed; give --yes"));
  CAF_CHECK(run({"topics", "raise", "user-login", "--partitions", "2"})
            == ExitCode::usage);
}

CAF_TEST_FIXTURE_SCOPE_END()
