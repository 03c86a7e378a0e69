#define CAF_SUITE dead_letter_views

#include "node/dead_letters/dead_letter_views.hpp"

#include "tests/node/dead_letters/dead_letter_stage.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/json/parse.hpp>

#include <fstream>
#include <functional>
#include <sstream>

#include <sys/stat.h>

using namespace millrace;
using namespace millrace::node;
using namespace millrace::logic;
using Stage = tests::DeadLetterStage;

namespace {

struct Outcome {
  ExitCode code = ExitCode::success;
  std::string out;
  std::string log;
};

Outcome ask(const Stage& stage,
            const std::function<ExitCode(const DeadLetterQuery&)>& question,
            DeadLetterFilter filter = {}) {
  std::ostringstream out;
  std::ostringstream log;
  Outcome outcome;
  outcome.code = question(
    {stage.config, std::move(filter), Stage::patience, out, log});
  outcome.out = out.str();
  outcome.log = log.str();
  return outcome;
}

Outcome list(const Stage& stage, std::size_t limit = 50,
             DeadLetterFilter filter = {}) {
  return ask(
    stage,
    [&](const DeadLetterQuery& query) {
      return list_dead_letters(query, limit);
    },
    std::move(filter));
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

} // namespace

CAF_TEST(the_newest_are_listed_in_the_order_of_time) {
  Stage stage;
  stage.write_numbered(20);
  auto outcome = list(stage, 3);
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK_EQUAL(lines(outcome.out), 4u);
  const auto at = [&](const std::string& words) {
    return outcome.out.find(words);
  };
  CAF_CHECK(at("\n1:8 ") < at("\n0:9 "));
  CAF_CHECK(at("\n0:9 ") < at("\n1:9 "));
  CAF_CHECK_EQUAL(outcome.log, "the newest 3 of 20; --limit 0 lists all\n");
  outcome = list(stage, 0);
  CAF_CHECK_EQUAL(lines(outcome.out), 21u);
  CAF_CHECK_EQUAL(outcome.log, "");
}

CAF_TEST(an_empty_topic_and_a_filter_without_a_match_say_so) {
  Stage stage;
  auto outcome = list(stage);
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK_EQUAL(outcome.out, "");
  CAF_CHECK_EQUAL(outcome.log, "no dead letters in user-login-dlq\n");
  stage.write_numbered(1);
  outcome = list(stage, 50, {.reasons = {"poison"}});
  CAF_CHECK_EQUAL(outcome.log,
                  "no dead letters in user-login-dlq that the filter means\n");
}

CAF_TEST(one_is_shown_by_its_place) {
  Stage stage;
  stage.write_numbered(4);
  const auto show = [&](std::int32_t partition, std::int64_t offset) {
    return ask(stage, [&](const DeadLetterQuery& query) {
      return show_dead_letters(query,
                               {{PartitionId{partition}, Offset{offset}}}, {});
    });
  };
  auto outcome = show(1, 1);
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK(outcome.out.starts_with("dead letter 1:1\n"));
  outcome = show(1, 2);
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK_EQUAL(outcome.log,
                  "error: there is no dead letter 1:2 in user-login-dlq: the "
                  "partition holds offsets 0 to 2, without the latter\n");
  CAF_CHECK(show(9, 0).code == ExitCode::usage);
}

CAF_TEST(they_are_counted) {
  Stage stage;
  stage.write_numbered(3);
  stage.write_numbered(1, 3, Reason::poison);
  const auto outcome = ask(stage, [](const DeadLetterQuery& query) {
    return count_dead_letters(query, {HistogramKind::reason});
  });
  CAF_CHECK(outcome.out.starts_with("reason\n  missing_field "));
  CAF_CHECK(outcome.out.ends_with("4 dead letters\n"));
}

CAF_TEST(an_export_is_whole_or_not_there) {
  Stage stage;
  stage.write_numbered(3);
  tests::TemporaryFolder folder;
  const std::string path = folder / "letters.jsonl";
  const auto write = [&](const std::string& file) {
    return ask(stage, [&](const DeadLetterQuery& query) {
      return export_dead_letters(query, file, 0);
    });
  };
  auto outcome = write(path);
  CAF_CHECK(outcome.code == ExitCode::success);
  std::ifstream file{path};
  std::size_t count = 0;
  for (std::string line; std::getline(file, line); ++count)
    CAF_CHECK_EQUAL(
      std::string{
        boost::json::parse(line).as_object().at("reason").as_string()},
      "missing_field");
  CAF_CHECK_EQUAL(count, 3u);
  struct stat info {};
  CAF_CHECK_EQUAL(::stat(path.c_str(), &info), 0);
  CAF_CHECK_EQUAL(info.st_mode & 0777U, 0600U);
  outcome = write(path);
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK(outcome.log.find("is there already") != std::string::npos);
  CAF_CHECK(write("/nowhere/at/all").code == ExitCode::unavailable);
  // Nobody can lead it to another file, and nothing else is left.
  const std::string other = folder / "other.jsonl";
  const std::string victim = folder / "victim";
  std::ofstream{victim} << "precious";
  std::filesystem::create_symlink(victim, other + ".part");
  CAF_CHECK(write(other).code == ExitCode::success);
  CAF_CHECK(
    std::filesystem::is_regular_file(std::filesystem::symlink_status(other)));
  CAF_CHECK_EQUAL(std::filesystem::file_size(victim), 8u);
  CAF_CHECK_EQUAL(
    std::distance(std::filesystem::directory_iterator{folder.path()}, {}), 4);
  CAF_CHECK_EQUAL(lines(write("").out), 3u);
}

CAF_TEST(a_topic_that_is_missing_is_said_in_a_line) {
  Stage stage;
  stage.config.dlq_topic = "no-dead-letters";
  const auto outcome = list(stage);
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK(
    outcome.log.starts_with("error: topic no-dead-letters does not exist"));
  CAF_CHECK_EQUAL(lines(outcome.log), 1u);
}
