#define CAF_SUITE replay_run

#include "node/dead_letters/replay_run.hpp"

#include "adapters/kafka/group_places.hpp"
#include "tests/node/dead_letters/dead_letter_stage.hpp"

#include <chrono>
#include <functional>
#include <sstream>

using namespace millrace;
using namespace millrace::node;
using namespace millrace::logic;
using namespace std::chrono_literals;
namespace kafka = millrace::adapters::kafka;
using Stage = tests::DeadLetterStage;

namespace {

struct Outcome {
  ExitCode code = ExitCode::success;
  std::string out;
  std::string log;

  bool says(std::string_view words) const {
    if (out.find(words) != std::string::npos
        || log.find(words) != std::string::npos)
      return true;
    CAF_MESSAGE("not said: " << std::string{words} << "\n" << out << log);
    return false;
  }
};

bool never(std::chrono::microseconds) {
  return false;
}

Outcome replay(const Stage& stage, ReplayOptions options,
               const StopWaiter& stop = never) {
  std::ostringstream out;
  std::ostringstream log;
  if (options.patience == ReplayOptions{}.patience)
    options.patience = Stage::patience;
  Outcome outcome;
  outcome.code = replay_dead_letters(stage.config, options, stop, out, log);
  outcome.out = out.str();
  outcome.log = log.str();
  return outcome;
}

ReplayOptions executing() {
  ReplayOptions options;
  options.execute = true;
  return options;
}

ReplayOptions of_reason(const std::string& reason) {
  auto options = executing();
  options.criteria.filter.reasons = {reason};
  return options;
}

std::vector<std::string> numbers(int first, int count, int step) {
  std::vector<std::string> numbers;
  for (int index = 0; index != count; ++index)
    numbers.push_back(std::to_string(first + index * step));
  return numbers;
}

} // namespace

CAF_TEST(a_dry_run_says_what_it_would_do_and_sends_nothing) {
  Stage stage;
  stage.write_numbered(10);
  const auto outcome = replay(stage, {});
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK(outcome.says("          10  are to be sent to user-login\n"));
  CAF_CHECK(outcome.says("nothing was sent: --execute sends them"));
  CAF_CHECK_EQUAL(stage.count("user-login"), 0u);
  // Nor did it move the group's place.
  CAF_CHECK(replay(stage, {}).says("10  are to be sent to user-login"));
}

CAF_TEST(each_goes_back_once_in_order_to_the_partition_it_came_from) {
  Stage stage;
  stage.write_numbered(2'500);
  const auto outcome = replay(stage, executing());
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK(outcome.says("sent 2500, delivered 2500, refused 0"));
  CAF_CHECK(outcome.says("group user-group.replay is at 0:1250 1:1250"));
  CAF_CHECK_EQUAL(stage.values("user-login", 0), numbers(0, 1'250, 2));
  CAF_CHECK_EQUAL(stage.values("user-login", 1), numbers(1, 1'250, 2));
  const auto again = replay(stage, executing());
  CAF_CHECK(again.says("0  are to be sent"));
  CAF_CHECK_EQUAL(stage.count("user-login"), 2'500u);
}

CAF_TEST(the_original_comes_back_byte_for_byte) {
  Stage stage;
  Stage::Letter letter;
  letter.key = std::string{"\x00k", 2};
  letter.value = std::string{"\xff\x00v", 3};
  append_header(letter.before, "trace", std::string{"\x01\xfe", 2});
  append_header(letter.before, "trace", std::nullopt);
  Stage::Letter keyless;
  keyless.key.reset();
  keyless.value = "";
  stage.write({letter, keyless});
  CAF_CHECK(replay(stage, executing()).code == ExitCode::success);
  const auto found = stage.all_of("user-login")[0];
  CAF_REQUIRE_EQUAL(found.size(), 2u);
  CAF_CHECK(found[0].key == letter.key);
  CAF_CHECK_EQUAL(found[0].value, *letter.value);
  CAF_CHECK(found[0].headers.starts_with(letter.before));
  CAF_CHECK_EQUAL(found[0].timestamp_ms, Stage::time_ms - 1'000);
  CAF_CHECK(!read_provenance(found[0].headers));
  CAF_CHECK_EQUAL(read_replay_history(found[0].headers)->replays, 1u);
  CAF_CHECK(!found[1].key);
  CAF_CHECK_EQUAL(found[1].value, "");
}

CAF_TEST(a_partition_that_is_no_more_is_none_to_wait_for) {
  Stage stage;
  Stage::Letter letter;
  letter.source_partition = 7; // of a topic that has two now
  Stage::Letter keyless = letter;
  keyless.key.reset();
  keyless.value = "keyless";
  stage.write({letter, keyless});
  CAF_CHECK(replay(stage, executing()).says("sent 2, delivered 2, refused 0"));
  CAF_CHECK_EQUAL(stage.values("user-login", 1).back(), "keyless");
}

CAF_TEST(what_cannot_be_replayed_is_left_and_counted) {
  Stage stage;
  Stage::Letter good;
  Stage::Letter reference;
  reference.reference = true;
  Stage::Letter tombstone;
  tombstone.value.reset();
  Stage::Letter foreign;
  foreign.by_a_node = false;
  Stage::Letter loop;
  loop.topic = stage.config.dlq_topic;
  Stage::Letter spent;
  append_replay_history(spent.before, {.replays = 3});
  stage.write({good, reference, tombstone, foreign, loop, spent});
  const auto outcome = replay(stage, executing());
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK(outcome.says("1  are to be sent to user-login"));
  CAF_CHECK(outcome.says("1  were written without their value"));
  CAF_CHECK(outcome.says("1  have no value"));
  CAF_CHECK(outcome.says("1  were not written by a node"));
  CAF_CHECK(outcome.says("1  came from the dead-letter topic itself"));
  CAF_CHECK(outcome.says("1  were replayed as often as the cap allows"));
  CAF_CHECK_EQUAL(stage.count("user-login"), 1u);
  // A higher cap finds what the lower one left.
  auto more = executing();
  more.criteria.cap = 4;
  CAF_CHECK(replay(stage, more).says("delivered 1, refused 0"));
  CAF_CHECK_EQUAL(stage.count("user-login"), 2u);
}

CAF_TEST(filters_one_after_the_other_send_each_once) {
  Stage stage;
  stage.write_numbered(10);
  stage.write_numbered(10, 10, Reason::not_json);
  CAF_CHECK(replay(stage, of_reason("not_json")).says("delivered 10"));
  // What the first passed over is found, what it sent is not sent again.
  const auto rest = replay(stage, executing());
  CAF_CHECK(rest.says("10  are to be sent to user-login"));
  CAF_CHECK(rest.says("10  were replayed before in this group"));
  CAF_CHECK_EQUAL(stage.count("user-login"), 20u);
  auto again = executing();
  again.again = true;
  CAF_CHECK(replay(stage, again).says("delivered 20"));
  CAF_CHECK_EQUAL(stage.count("user-login"), 40u);
}

CAF_TEST(another_topic_gets_them_on_request) {
  Stage stage;
  stage.write_numbered(10);
  auto options = executing();
  options.criteria.to = "repair";
  CAF_CHECK(replay(stage, options).says("10  are to be sent to repair"));
  CAF_CHECK_EQUAL(stage.count("repair"), 10u);
  CAF_CHECK_EQUAL(stage.count("user-login"), 0u);
  // That was a trial: the way back is another one.
  CAF_CHECK(replay(stage, executing()).says("delivered 10"));
}

CAF_TEST(what_fails_again_meanwhile_waits_for_the_next_run) {
  Stage stage;
  stage.write_numbered(10);
  bool failed_again = false;
  const auto outcome = replay(stage, executing(),
                              [&](std::chrono::microseconds) {
                                if (!std::exchange(failed_again, true))
                                  stage.write_numbered(5, 100);
                                return false;
                              });
  CAF_CHECK(outcome.says("sent 10, delivered 10"));
  CAF_CHECK(replay(stage, {}).says("5  are to be sent to user-login"));
}

CAF_TEST(an_interrupted_run_says_and_commits_what_it_did) {
  Stage stage;
  stage.write_numbered(100);
  auto options = executing();
  options.rate = 50;
  std::size_t asked = 0;
  // Not before it sends.
  const auto outcome = replay(
    stage, options, [&](std::chrono::microseconds) { return ++asked > 130; });
  CAF_CHECK(outcome.code == ExitCode::interrupted);
  CAF_CHECK(outcome.says("interrupted: the same command goes on from here"));
  const auto sent = stage.count("user-login");
  CAF_CHECK(sent < 100u);
  const auto rest = replay(stage, executing());
  CAF_CHECK(rest.code == ExitCode::success);
  CAF_CHECK_EQUAL(rest.log.find("did not come to its end"), std::string::npos);
  CAF_CHECK_EQUAL(stage.values("user-login", 0), numbers(0, 50, 2));
  CAF_CHECK_EQUAL(stage.values("user-login", 1), numbers(1, 50, 2));

  options.again = true;
  asked = 0;
  const auto anew = replay(
    stage, options, [&](std::chrono::microseconds) { return ++asked > 130; });
  CAF_CHECK(anew.says("the same command without --again goes on from here"));
}

CAF_TEST(the_rate_is_kept) {
  Stage stage;
  stage.write_numbered(60);
  auto options = executing();
  options.rate = 40;
  const auto start = std::chrono::steady_clock::now();
  CAF_CHECK(replay(stage, options).says("delivered 60"));
  CAF_CHECK(std::chrono::steady_clock::now() - start
            > std::chrono::milliseconds{1'400});
}

CAF_TEST(a_place_that_somebody_set_holds) {
  Stage stage;
  stage.write_numbered(20);
  const auto commit = [&](std::int64_t offset, const std::string& metadata) {
    auto keeper = kafka::PlaceKeeper::open(stage.config, "user-group.replay");
    CAF_REQUIRE(keeper.has_value());
    const kafka::GroupPlaces places{
      {PartitionId{0}, {Offset{offset}, metadata}},
      {PartitionId{1}, {Offset{9}, metadata}}};
    CAF_REQUIRE((*keeper)
                  ->commit(stage.config.dlq_topic, places, Stage::patience)
                  .has_value());
  };
  commit(7, "");
  CAF_CHECK(replay(stage, {}).says("4  are to be sent to user-login"));
  commit(999, "");
  CAF_CHECK(replay(stage, {}).says("1  are to be sent to user-login"));
  // One of ours: the topic that it was of is gone.
  commit(999, "millrace.replay/1 ended;999 cap=3");
  const auto anew = replay(stage, {});
  CAF_CHECK(anew.says("warning: partition 0 ends before the place of group "
                      "user-group.replay: the topic was made anew"));
  CAF_CHECK(anew.says("to be sent to user-login"));
}

CAF_TEST(a_run_that_was_killed_is_told_of) {
  Stage stage;
  stage.write_numbered(10);
  auto keeper = kafka::PlaceKeeper::open(stage.config, "user-group.replay");
  CAF_REQUIRE(keeper.has_value());
  const kafka::GroupPlaces places{
    {PartitionId{0}, {Offset{2}, "millrace.replay/1 open;2 cap=3"}}};
  CAF_REQUIRE(
    (*keeper)->commit(stage.config.dlq_topic, places, Stage::patience));
  const auto outcome = replay(stage, executing());
  CAF_CHECK(outcome.says("did not come to its end: what it sent after its last "
                         "commit, at most 1000 records, is sent again"));
  CAF_CHECK(outcome.says("sent 8, delivered 8"));
  CAF_CHECK_EQUAL(replay(stage, {}).log, "");
}

CAF_TEST(two_replays_in_one_group_notice_each_other) {
  Stage stage;
  stage.write_numbered(2'500);
  std::size_t asked = 0;
  const auto outcome = replay(
    stage, executing(), [&](std::chrono::microseconds) {
      // Once for each letter while it looks ahead; then in the second window.
      if (++asked == 2'500 + 1'300)
        CAF_CHECK(replay(stage, executing()).code == ExitCode::success);
      return false;
    });
  CAF_CHECK(asked > 2'500u + 1'300u);
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK(outcome.says("is another replay at work?"));
}

CAF_TEST(a_silent_broker_is_not_waited_for_beyond_the_patience) {
  Stage stage;
  stage.config.delivery_timeout = 60s;
  stage.write_numbered(2'500);
  std::size_t asked = 0;
  auto options = executing();
  options.patience = 5s;
  const auto outcome = replay(stage, options, [&](std::chrono::microseconds) {
    // Once for each letter while it looks ahead; then in the second window.
    if (++asked == 2'500 + 1'300)
      CAF_CHECK(stage.broker->take_down(1));
    return false;
  });
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK(outcome.says("were not confirmed within 5000 ms (--patience)"));
}

CAF_TEST(a_source_that_is_no_topic_holds_up_no_other) {
  Stage stage;
  Stage::Letter forged;
  forged.topic = "a b\n";
  Stage::Letter nameless;
  nameless.topic = "";
  stage.write({forged, nameless});
  stage.write_numbered(1, 2);
  const auto outcome = replay(stage, executing());
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK(outcome.says("           2  were not written by a node"));
  CAF_CHECK(outcome.says("sent 1, delivered 1"));
}

CAF_TEST(what_is_missing_is_said_in_a_line) {
  Stage stage;
  stage.write_numbered(1);
  auto options = executing();
  options.criteria.to = "nowhere";
  auto outcome = replay(stage, options);
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK(outcome.says("error: "));
  CAF_CHECK(outcome.says("nowhere"));
  options = executing();
  options.criteria.filter.partitions = {7};
  outcome = replay(stage, options);
  CAF_CHECK(outcome.code == ExitCode::usage);
  CAF_CHECK(outcome.says(
    "error: topic user-login-dlq has no partition 7: there are 2"));
  stage.config.dlq_topic = "no-dead-letters";
  outcome = replay(stage, executing());
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK(outcome.says("error: topic no-dead-letters does not exist"));
}

CAF_TEST(a_source_that_is_gone_can_be_left_out) {
  Stage stage;
  Stage::Letter gone;
  gone.topic = "gone";
  stage.write({gone});
  stage.write_numbered(1, 2);
  auto options = executing();
  CAF_CHECK(replay(stage, options).says("name the others with --source-topic"));
  options.criteria.filter.source_topics = {"user-login"};
  CAF_CHECK(replay(stage, options).says("sent 1, delivered 1"));
}

CAF_TEST(records_of_another_topic_are_warned_of) {
  Stage stage;
  Stage::Letter letter;
  letter.topic = "repair";
  stage.write({letter});
  CAF_CHECK(replay(stage, {}).says(
    "warning: records go to topic repair, which is not kafka.input_topic"));
}
