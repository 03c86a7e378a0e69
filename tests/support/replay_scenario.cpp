#include "tests/support/replay_scenario.hpp"

#include "adapters/kafka/topic_reader.hpp"
#include "logic/records/record_headers.hpp"
#include "logic/records/replay_history.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>

#include <csignal>
#include <iostream>

namespace millrace::tests {

namespace {

using namespace std::chrono_literals;
using logic::verification::Guarantee;

int number_of(const std::string& value) {
  return static_cast<int>(
    boost::json::parse(value).as_object().at("number").to_number<int>());
}

/// What the command said, where it did not end as wanted.
bool ended(const ProgramOutcome& outcome, int code) {
  if (outcome.code != code)
    std::cerr << "ended with " << outcome.code << ":\n" << outcome.output;
  return outcome.code == code;
}

} // namespace

std::vector<std::string>
ReplayScenario::dlq_words(const std::vector<std::string>& arguments) const {
  std::vector<std::string> words{millrace_binary(), "dlq"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  for (const auto& name : names_)
    words.insert(words.end(), {"--set", name});
  return words;
}

ProgramOutcome ReplayScenario::dlq(const std::vector<std::string>& arguments,
                                   const Environment& environment) const {
  auto words = dlq_words(arguments);
  if (environment.empty())
    words.insert(words.end(),
                 {"--bootstrap-servers", topics_.kafka.bootstrap_servers});
  return run_program(words, environment);
}

std::vector<std::string> ReplayScenario::mended_settings() const {
  auto settings = names_;
  settings.emplace_back("validation.required_fields=user_id");
  return settings;
}

Program ReplayScenario::start_replay(int rate) const {
  return Program{
    dlq_words({"replay", "--execute", "--rate", std::to_string(rate),
               "--bootstrap-servers", topics_.kafka.bootstrap_servers})};
}

void ReplayScenario::make_dead_letters(int count) {
  std::vector<std::string> values;
  for (int number = 0; number != count; ++number)
    values.push_back(R"({"user_id":"user-)" + std::to_string(number)
                     + R"(","device_type":"iOS","number":)"
                     + std::to_string(number) + "}");
  topics_.write(values);
  NodeProcess node{topics_.kafka.bootstrap_servers, names_};
  CAF_CHECK(topics_.all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
}

std::map<std::int32_t, std::vector<KeptRecord>>
ReplayScenario::all_of(const std::string& topic) const {
  std::map<std::int32_t, std::vector<KeptRecord>> records;
  auto reader = adapters::kafka::TopicReader::open(topics_.kafka);
  CAF_REQUIRE(reader.has_value());
  const auto extent = (*reader)->extent(topic, 30s);
  CAF_REQUIRE(extent.has_value());
  const auto read = (*reader)->read(
    topic, *extent,
    [&](logic::PartitionId partition, const logic::RecordView& record) {
      records[partition.value].push_back(
        {std::string{record.value.value_or("")}, std::string{record.headers},
         record.timestamp_ms});
      return true;
    },
    30s);
  CAF_REQUIRE(read.has_value());
  return records;
}

std::size_t ReplayScenario::count(const std::string& topic) const {
  std::size_t count = 0;
  for (const auto& [partition, records] : all_of(topic))
    count += records.size();
  return count;
}

std::map<int, int> ReplayScenario::replayed_numbers(const std::string& topic,
                                                    bool& in_order) const {
  std::map<int, int> times;
  in_order = true;
  for (const auto& [partition, records] : all_of(topic)) {
    int last = -1;
    for (const auto& record : records) {
      if (!logic::read_replay_history(record.headers))
        continue;
      const int number = number_of(record.value);
      if (++times[number] == 1) {
        in_order = in_order && number > last;
        last = number;
      }
    }
  }
  return times;
}

void ReplayScenario::a_mended_rule_lets_all_pass_once_in_order() {
  constexpr int count = 1'000;
  make_dead_letters(count);
  const auto& kafka = topics_.kafka;
  auto outcome = dlq({"replay"});
  CAF_CHECK(ended(outcome, 0));
  CAF_CHECK(
    outcome.says("        1000  are to be sent to " + kafka.input_topic));
  CAF_CHECK_EQUAL(this->count(kafka.input_topic), 1'000u);
  NodeProcess node{kafka.bootstrap_servers, mended_settings()};
  outcome = dlq({"replay", "--execute"});
  CAF_CHECK(ended(outcome, 0));
  CAF_CHECK(outcome.says("sent 1000, delivered 1000, refused 0"));
  CAF_CHECK(eventually(60s, [&] { return node.finished() >= 1'000; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  bool in_order = false;
  const auto outputs = replayed_numbers(kafka.output_topic, in_order);
  CAF_CHECK(in_order);
  CAF_CHECK_EQUAL(outputs.size(), 1'000u);
  for (const auto& [number, times] : outputs)
    if (times != 1)
      CAF_ERROR(number << " came " << times << " times");
  topics_.written += count;
  CAF_CHECK(topics_.proven(Guarantee::exactly_once));
  const auto report = topics_.judge(Guarantee::exactly_once);
  CAF_CHECK_EQUAL(report.total.replayed, 1'000u);
  CAF_CHECK_EQUAL(report.total.dead, 1'000u);
  CAF_CHECK_EQUAL(report.total.output, 1'000u);
  CAF_CHECK(dlq({"replay", "--execute"}).says("sent 0, delivered 0"));
}

void ReplayScenario::a_killed_replay_goes_on() {
  constexpr int count = 5'000;
  make_dead_letters(count);
  const auto& input = topics_.kafka.input_topic;
  {
    auto replay = start_replay(1'500);
    CAF_CHECK(eventually(60s, [&] { return this->count(input) > 5'200; }));
    replay.send_signal(SIGINT);
    CAF_CHECK_EQUAL(replay.wait(20s), 130);
    CAF_CHECK(replay.output().find("interrupted: the same command goes on")
              != std::string::npos);
  }
  {
    auto replay = start_replay(1'500);
    CAF_CHECK(eventually(60s, [&] { return this->count(input) > 6'800; }));
    replay.send_signal(SIGKILL);
    CAF_CHECK_EQUAL(replay.wait(5s), -SIGKILL);
  }
  const auto before = this->count(input);
  CAF_CHECK(before < 10'000);
  const auto outcome = dlq({"replay", "--execute"});
  CAF_CHECK(ended(outcome, 0));
  CAF_CHECK(outcome.says("did not come to its end: what it sent after its last "
                         "commit, at most 1000 records, is sent again"));
  bool in_order = false;
  const auto numbers = replayed_numbers(input, in_order);
  CAF_CHECK(in_order);
  CAF_CHECK_EQUAL(numbers.size(), 5'000u);
  int doubles = 0;
  for (const auto& [number, times] : numbers)
    doubles += times - 1;
  CAF_CHECK(doubles <= 1'000);
  CAF_MESSAGE("sent before the kill: " << before - 5'000
                                       << ", came twice: " << doubles);
  CAF_CHECK(dlq({"replay"}).says("           0  are to be sent"));
}

void ReplayScenario::a_record_that_fails_again_is_left_in_the_end() {
  const auto& kafka = topics_.kafka;
  topics_.write({R"({"user_id":"user-1","device_type":"iOS","number":1})"});
  NodeProcess node{kafka.bootstrap_servers, names_};
  for (std::size_t failures = 1; failures <= 3; ++failures) {
    CAF_CHECK(
      eventually(60s, [&] { return count(kafka.dlq_topic) == failures; }));
    CAF_CHECK(dlq({"replay", "--execute"}).says("sent 1, delivered 1"));
  }
  CAF_CHECK(eventually(60s, [&] { return count(kafka.dlq_topic) == 4; }));
  const auto outcome = dlq({"replay", "--execute"});
  CAF_CHECK(ended(outcome, 0));
  CAF_CHECK(outcome.says("sent 0, delivered 0"));
  CAF_CHECK(outcome.says("1  were replayed as often as the cap allows"));
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 4u);
  CAF_CHECK_EQUAL(node.stop(), 0);
  for (const auto& [partition, letters] : all_of(kafka.dlq_topic)) {
    CAF_REQUIRE_EQUAL(letters.size(), 4u);
    const auto first = logic::read_dead_letter_note(letters[0].headers);
    const auto history = logic::read_replay_history(letters[3].headers);
    CAF_REQUIRE(first.has_value());
    CAF_REQUIRE(history.has_value());
    CAF_CHECK_EQUAL(history->replays, 3u);
    CAF_CHECK_EQUAL(history->reason, "missing_field");
    CAF_CHECK_EQUAL(history->time_ms, first->time_ms);
    CAF_CHECK_EQUAL(history->source, place_key(first->source));
    CAF_CHECK_EQUAL(letters[3].value, letters[0].value);
    CAF_CHECK_EQUAL(letters[3].timestamp_ms, letters[0].timestamp_ms);
    // No more headers with each turn.
    CAF_CHECK_EQUAL(letters[3].headers.size(), letters[2].headers.size());
  }
}

} // namespace millrace::tests
