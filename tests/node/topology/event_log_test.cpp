// What the log and the counters say of single events.
#define CAF_SUITE event_log

#include "adapters/privacy/keyed_pseudonyms.hpp"
#include "logic/faults/fault_order.hpp"
#include "messages/faults.hpp"
#include "tests/faults/fault_fixture.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <boost/json/parse.hpp>
#include <caf/send.hpp>

#include <string>
#include <variant>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::Destination;
using tests::login_json;
using tests::make_batch;
using tests::MemoryLog;

namespace {

struct Fixture : tests::SimulatedNode {
  std::vector<MemoryLog::Line> lines_of(std::string_view message) const {
    std::vector<MemoryLog::Line> found;
    for (auto& line : log->lines())
      if (line.message == message)
        found.push_back(line);
    return found;
  }
  static std::string text(const MemoryLog::Line& line, const char* field) {
    const auto found = line.fields.find(field);
    if (found == line.fields.end())
      return "no such field";
    const auto* value = std::get_if<std::string>(&found->second);
    return value ? *value : "no text";
  }
  static std::int64_t number(const MemoryLog::Line& line, const char* field) {
    return std::get<std::int64_t>(line.fields.at(field));
  }
  bool log_names(std::string_view text) const {
    for (const auto& line : log->lines())
      for (const auto& [name, value] : line.fields)
        if (const auto* field = std::get_if<std::string>(&value))
          if (field->find(text) != std::string::npos)
            return true;
    return false;
  }
  std::string with(const std::string& members) const {
    auto json = login_json();
    json.pop_back();
    return json + members + "}";
  }
};

constexpr auto rejected = "record rejected";

} // namespace

CAF_TEST_FIXTURE_SCOPE(event_log_tests, Fixture)

CAF_TEST(each_rejected_record_has_a_line_at_debug) {
  start();
  arrive(
    make_batch({login_json(), "garbage", login_json("u-2", "8.8.8.8:53")}, 40));
  run_until_idle();
  const auto lines = lines_of(rejected);
  CAF_REQUIRE_EQUAL(lines.size(), 2u);
  CAF_CHECK(lines[0].level == logic::LogLevel::debug);
  CAF_CHECK_EQUAL(lines[0].component, "validator");
  CAF_CHECK_EQUAL(text(lines[0], "topic"), "user-login");
  CAF_CHECK_EQUAL(number(lines[0], "partition"), 0);
  CAF_CHECK_EQUAL(number(lines[0], "offset"), 41);
  CAF_CHECK_EQUAL(text(lines[0], "reason"), "not_json");
  CAF_CHECK_EQUAL(text(lines[0], "detail"), "no JSON at byte 0");
  CAF_CHECK_EQUAL(number(lines[1], "offset"), 42);
  CAF_CHECK_EQUAL(text(lines[1], "reason"), "invalid_address");
  CAF_CHECK(!log_names("8.8.8"));
}

CAF_TEST(above_debug_no_record_has_a_line) {
  log = std::make_shared<MemoryLog>(logic::LogLevel::info);
  start();
  arrive(make_batch({"garbage"}));
  run_until_idle();
  CAF_CHECK_EQUAL(sent(Destination::dead_letters).size(), 1u);
  CAF_CHECK_EQUAL(log->count(rejected), 0u);
}

CAF_TEST(each_failed_try_to_deliver_has_a_line_at_debug) {
  start();
  sink->answer = [](const tests::SentRecord& record) {
    return tests::SinkScript::Answer{
      record.destination != Destination::output || record.key != "k7",
      logic::DeliveryFault::transient, "not enough replicas"};
  };
  // Others pass: it is not the topic.
  for (std::int64_t offset = 7; offset != 67; ++offset) {
    arrive(make_batch({login_json()}, offset));
    pass(1s);
  }
  const auto tries = lines_of("record not delivered");
  CAF_REQUIRE(tries.size() > 3);
  CAF_CHECK_EQUAL(number(tries.front(), "attempt"), 1);
  CAF_CHECK_EQUAL(number(tries.back(), "attempt"), 3);
  for (std::size_t index = 0; index != tries.size(); ++index) {
    CAF_CHECK_EQUAL(number(tries[index], "offset"), 7);
    CAF_CHECK_EQUAL(text(tries[index], "fault"), "transient");
    CAF_CHECK_EQUAL(text(tries[index], "error"), "not enough replicas");
  }
  CAF_CHECK_EQUAL(metric("millrace_delivery_failures_total", "output"),
                  static_cast<double>(tries.size()));
  const auto given_up = lines_of(rejected);
  CAF_REQUIRE_EQUAL(given_up.size(), 1u);
  CAF_CHECK_EQUAL(text(given_up[0], "reason"), "delivery_failed");
  CAF_CHECK_EQUAL(number(given_up[0], "offset"), 7);
}

CAF_TEST(each_batch_that_is_given_out_again_has_a_line_at_debug) {
  config.fault_injection.enabled = true;
  start();
  const auto order = logic::faults::parse_fault_order("crash encoder after 1");
  CAF_REQUIRE(order);
  for (const auto& [actor, gate] : topology->gates())
    if (actor.starts_with("encoder"))
      caf::anon_send(gate, messages::ArmGate{*order, {}});
  for (std::int64_t offset = 0; offset != 8; ++offset)
    arrive(make_batch({login_json(), login_json()}, 2 * offset));
  pass(5s);
  CAF_CHECK_EQUAL(sent(Destination::output).size(), 16u);
  const auto lines = lines_of("batch given out again");
  CAF_REQUIRE(!lines.empty());
  CAF_CHECK_EQUAL(metric("millrace_redispatched_batches_total"),
                  static_cast<double>(lines.size()));
  CAF_CHECK_EQUAL(text(lines[0], "topic"), "user-login");
  CAF_CHECK_EQUAL(number(lines[0], "records"), 2);
  CAF_CHECK_EQUAL(number(lines[0], "offset") % 2, 0);
  CAF_CHECK_EQUAL(number(lines[0], "attempt"), 2);
}

CAF_TEST(members_that_are_replaced_are_counted_and_told_of_once) {
  start();
  constexpr auto told = "events bring a member that the node writes, and lose "
                        "their own; output.member_prefix keeps both";
  for (std::int64_t offset = 0; offset != 4; ++offset)
    arrive(make_batch({with(R"(,"geo":1)")}, offset));
  arrive(make_batch({with(R"(,"geo":1,"source":{})"), login_json()}, 4));
  run_until_idle();
  CAF_CHECK_EQUAL(metric("millrace_replaced_members_total", "geo"), 5.0);
  CAF_CHECK_EQUAL(metric("millrace_replaced_members_total", "source"), 1.0);
  CAF_CHECK_EQUAL(metric("millrace_replaced_members_total", "anomaly"), 0.0);
  const auto lines = lines_of(told);
  CAF_REQUIRE_EQUAL(lines.size(), 2u);
  CAF_CHECK_EQUAL(text(lines[0], "member"), "geo");
  CAF_CHECK_EQUAL(text(lines[1], "member"), "source");
}

CAF_TEST(a_prefix_keeps_an_events_own_members) {
  config.encoding.member_prefix = "mr_";
  start();
  arrive(make_batch({with(R"(,"source":"app")")}, 9));
  run_until_idle();
  CAF_CHECK_EQUAL(metric("millrace_replaced_members_total"), 0.0);
  const auto event
    = boost::json::parse(sent(Destination::output).at(0).value).as_object();
  CAF_CHECK_EQUAL(event.at("source").as_string(), "app");
  CAF_CHECK_EQUAL(event.at("mr_source").at("offset").to_number<int>(), 9);
}

CAF_TEST(an_outcome_that_no_event_tells_is_told_of_once) {
  workers = 1;
  config.detection.outcome.member = "outcome.reslt";
  start();
  constexpr auto told = "no event so far tells in detection.outcome_member how "
                        "its login ended, in any of detection.success_values "
                        "and failure_values; rules about failed logins cannot "
                        "fire";
  const std::vector<std::string> events(
    500, with(R"(,"outcome":{"result":"failed"})"));
  arrive(make_batch(events));
  run_until_idle();
  CAF_CHECK(lines_of(told).empty());
  for (const std::int64_t first : {500, 1000, 1500}) {
    arrive(make_batch(events, first));
    run_until_idle();
  }
  const auto lines = lines_of(told);
  CAF_REQUIRE_EQUAL(lines.size(), 1u);
  CAF_CHECK(lines[0].level == logic::LogLevel::warn);
  CAF_CHECK_EQUAL(text(lines[0], "member"), "outcome.reslt");
}

CAF_TEST(an_outcome_that_some_events_tell_is_not_told_of) {
  workers = 1;
  config.detection.outcome.member = "outcome.result";
  start();
  std::vector<std::string> events(1500, login_json());
  events[700] = with(R"(,"outcome":{"result":"failed"})");
  arrive(make_batch(events));
  run_until_idle();
  for (const auto& line : log->lines())
    CAF_CHECK(!line.message.starts_with("no event so far tells"));
}

CAF_TEST(the_watch_list_counts_with_and_without_insights) {
  config.insights.enabled = false;
  config.insights.watched_versions = {"2.3.0"};
  start();
  const auto watched
    = R"({"user_id":"u-1","app_version":"2.3.0","device_type":"x"})";
  const auto other
    = R"({"user_id":"u-1","app_version":"2.4","device_type":"x"})";
  arrive(make_batch({watched, other, watched, "garbage"}));
  run_until_idle();
  CAF_CHECK_EQUAL(metric("millrace_watch_list_hits_total"), 2.0);
}

CAF_TEST(with_insights_the_watch_list_counts_once) {
  config.insights.enabled = true;
  config.insights.watched_versions = {"2.3.0"};
  start();
  arrive(make_batch(
    {R"({"user_id":"u-1","app_version":"2.3.0","device_type":"x"})"}));
  pass(12s);
  CAF_CHECK_EQUAL(metric("millrace_watch_list_hits_total"), 1.0);
  const auto lines = lines_of("logins on watched versions");
  CAF_REQUIRE_EQUAL(lines.size(), 1u);
  CAF_CHECK_EQUAL(number(lines[0], "count"), 1);
  // Without a key nobody is named.
  CAF_CHECK_EQUAL(text(lines[0], "users"), "no such field");
  CAF_REQUIRE_EQUAL(log->count("login on a watched version"), 1u);
  CAF_CHECK_EQUAL(text(lines_of("login on a watched version")[0], "user"),
                  "no such field");
}

CAF_TEST(with_a_key_watched_users_are_named_by_pseudonyms) {
  config.privacy.pseudonym_key = std::string(32, 'k');
  const auto pseudonyms = adapters::privacy::make_keyed_pseudonyms(
    config.privacy.pseudonym_key);
  config.insights.enabled = true;
  config.insights.watched_versions = {"2.3.0"};
  start();
  std::vector<std::string> values;
  for (const auto* user : {"peter", "peter", "petra"})
    values.push_back(std::string{R"({"user_id":")"} + user
                     + R"(","app_version":"2.3.0","device_type":"x"})");
  arrive(make_batch(values));
  pass(12s);
  const auto peter = pseudonyms->pseudonym_of("peter");
  const auto petra = pseudonyms->pseudonym_of("petra");
  const auto summary = lines_of("logins on watched versions");
  CAF_REQUIRE_EQUAL(summary.size(), 1u);
  CAF_CHECK_EQUAL(text(summary[0], "users"), peter + "," + petra);
  const auto lines = lines_of("login on a watched version");
  CAF_REQUIRE_EQUAL(lines.size(), 3u);
  CAF_CHECK_EQUAL(text(lines[2], "user"), petra);
  CAF_CHECK_EQUAL(number(lines[2], "offset"), 2);
  CAF_CHECK(!log_names("peter") && !log_names("petra"));
}

CAF_TEST(findings_name_users_by_pseudonyms_where_there_is_a_key) {
  for (const std::string key : {"", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"}) {
    Fixture node;
    node.config.privacy.pseudonym_key = key;
    node.config.detection.enabled = true;
    node.config.detection.rules = {"velocity"};
    node.model = tests::FaultFixture::any_model();
    node.start();
    // Two more than detection.velocity_limit lets pass.
    node.arrive(
      make_batch(std::vector<std::string>(12, login_json("peter")), 5));
    node.run_until_idle();
    const auto lines = node.lines_of("unusual login");
    CAF_REQUIRE_EQUAL(lines.size(), 2u);
    CAF_CHECK(lines[1].level == logic::LogLevel::debug);
    CAF_CHECK_EQUAL(text(lines[1], "rule"), "velocity");
    CAF_CHECK_EQUAL(text(lines[1], "severity"), "medium");
    CAF_CHECK_EQUAL(number(lines[1], "offset"), 16);
    const auto pseudonyms = adapters::privacy::make_keyed_pseudonyms(key);
    CAF_CHECK_EQUAL(text(lines[1], "user"),
                    pseudonyms ? pseudonyms->pseudonym_of("peter")
                               : std::string{});
    CAF_CHECK(!node.log_names("peter"));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
