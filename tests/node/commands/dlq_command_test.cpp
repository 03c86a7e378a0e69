#define CAF_SUITE dlq_command

#include "node/commands/commands.hpp"
#include "tests/node/commands/shell.hpp"
#include "tests/node/dead_letters/dead_letter_stage.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::node;

namespace {

tests::CommandOutcome run(const std::vector<std::string>& words) {
  return tests::run(commands::add_dlq, "dlq", words);
}

void check_refused(const std::vector<std::string>& words,
                   const std::string& why) {
  const auto outcome = run(words);
  CAF_CHECK(outcome.code == ExitCode::usage);
  CAF_CHECK(outcome.says(why));
}

} // namespace

CAF_TEST(a_wrong_command_line_is_told_what_is_right) {
  check_refused({}, "a command of dlq is required: ls, show, histogram, "
                    "export, replay");
  check_refused({"histogramm"}, "(did you mean 'histogram'?)");
  check_refused({"ls", "--reson", "poison"}, "(did you mean '--reason'?)");
  check_refused({"ls", "--reason", "no_json"}, "(did you mean 'not_json'?)");
  check_refused({"ls", "--reason", "poison,no_json"},
                "unknown reason 'no_json'");
  check_refused({"ls", "--stage", "validater"}, "(did you mean 'validator'?)");
  check_refused({"ls", "--since", "yesterday"}, "expected a time in UTC");
  check_refused({"ls", "--since", "5"}, "expected a time in UTC");
  check_refused({"ls", "--partition", "one"}, "expected numbers of partitions");
  check_refused({"ls", "--source-topic", "a b"}, "is no name of a topic");
  check_refused({"ls", "--limit", "-1"}, "--limit");
  check_refused({"show", "7"}, "expected PARTITION:OFFSET");
  check_refused({"show"}, "place");
  check_refused({"histogram", "--by", "day"},
                "expected reason, stage, partition or hour, got 'day'");
  check_refused({"replay", "--to", "a/b"}, "is no name of a topic");
  check_refused({"replay", "--to", "user-login-dlq"}, "a loop");
  check_refused({"replay", "--replay-group", "user-group"},
                "is the group of the node");
  check_refused({"replay", "--max-replays", "0"}, "--max-replays");
  check_refused({"replay", "--rate", "nan"}, "expected a finite number");
  check_refused({"replay", "--patience", "soon"}, "expected a duration");
}

CAF_TEST(the_commands_reach_the_topic) {
  tests::DeadLetterStage stage;
  stage.write_numbered(3);
  stage.write_numbered(1, 3, logic::Reason::not_json);
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(),
                 {"--bootstrap-servers", stage.config.bootstrap_servers});
    auto outcome = run(words);
    CAF_CHECK(outcome.code == ExitCode::success);
    return outcome;
  };
  CAF_CHECK(with({"ls", "--reason", "not_json,poison", "--since", "2025-11-30"})
              .says("\n1:1 "));
  CAF_CHECK(with({"ls", "--until", "2025-11-30"}).says("no dead letters in"));
  CAF_CHECK(with({"show", "0:0", "1:1"}).says("dead letter 1:1\n"));
  CAF_CHECK(with({"histogram", "--by", "reason,hour"}).says("\nhour\n"));
  CAF_CHECK(with({"export", "--limit", "1"}).says("{\"partition\":"));
  CAF_CHECK(with({"replay", "--reason", "not_json"}).says("nothing was sent"));
  CAF_CHECK(with({"replay", "--execute", "--partition", "0"})
              .says("sent 2, delivered 2, refused 0"));
  CAF_CHECK_EQUAL(stage.count("user-login"), 2u);
}
