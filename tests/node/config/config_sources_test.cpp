#define CAF_SUITE config_sources

#include "caf/test/dsl.hpp"

#include "tests/node/config/config_sample.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace millrace;
using namespace millrace::node;
using namespace millrace::node::sample;
using millrace::tests::TemporaryFolder;

CAF_TEST(flags_win_over_the_environment_and_that_over_the_file) {
  const TemporaryFolder folder;
  const auto path = folder.write("m.yaml", "work:\n  workers: 2\n"
                                           "  threshold: 0.2\n"
                                           "  interval: 2s\n");
  const Loaded loaded{
    {path,
     {{"MILLRACE_WORK_WORKERS", "3"}, {"MILLRACE_WORK_THRESHOLD", "0.3"}},
     {{"work.workers=5"}, {"work.workers=4", "--workers"}}}};
  CAF_CHECK_EQUAL(loaded.faults(), "");
  CAF_CHECK_EQUAL(loaded.config.interval.count(), 2000);
  CAF_CHECK_EQUAL(loaded.config.threshold, 0.3);
  CAF_CHECK_EQUAL(loaded.config.workers, 4);
  CAF_CHECK_EQUAL(loaded.origin("work.interval"), path + ":4");
  CAF_CHECK_EQUAL(loaded.origin("work.threshold"),
                  "variable MILLRACE_WORK_THRESHOLD");
  CAF_CHECK_EQUAL(loaded.origin("work.workers"), "flag --workers");
  CAF_CHECK_EQUAL(loaded.origin("work.budget"), "default");
}

CAF_TEST(faults_of_all_sources_are_reported_even_where_overridden) {
  const TemporaryFolder folder;
  const auto path = folder.write("m.yaml", "work:\n  workers: zero\n");
  const Loaded loaded{
    {path,
     {{"MILLRACE_WORK_WORKERS", "many"}},
     {{"work.workers=4"}, {"work.enabled=so"}, {"nonsense"}}}};
  CAF_CHECK_EQUAL(loaded.report.faults.size(), 4u);
  CAF_CHECK(contains(loaded.faults(), path + ":2: work.workers: "));
  CAF_CHECK(contains(loaded.faults(), "variable MILLRACE_WORK_WORKERS: "));
  CAF_CHECK(contains(loaded.faults(), "flag --set: work.enabled: expected true "
                                      "or false, got 'so'\n"));
  CAF_CHECK(contains(loaded.faults(),
                     "flag --set: nonsense: expected section.key=value\n"));
}

CAF_TEST(a_flag_of_an_unknown_key_is_told_the_nearest) {
  const Loaded loaded{
    {"", {}, {{"work.workrs=4"}, {"=4"}, {"work=1"}, {"workers=1"}}}};
  CAF_CHECK_EQUAL(loaded.faults(),
                  "flag --set: work.workrs: unknown key (did you mean "
                  "'work.workers'?)\n"
                  "flag --set: expected section.key=value\n"
                  "flag --set: work: expected section.key=value\n"
                  "flag --set: workers: unknown section (did you mean "
                  "'work.workers'?)\n");
}

CAF_TEST(a_flag_value_may_hold_equals_signs_and_be_empty) {
  const Loaded loaded{{"", {}, {{"stream.fields=a=b,c"}, {"stream.topic="}}}};
  CAF_CHECK_EQUAL(loaded.config.fields, (std::vector<std::string>{"a=b", "c"}));
  CAF_CHECK_EQUAL(loaded.faults(),
                  "flag --set: stream.topic: must not be empty; set it in the "
                  "file, as KAFKA_SAMPLE_TOPIC or with --set "
                  "stream.topic=...\n");
}

CAF_TEST(a_secret_is_read_from_a_file_without_its_line_end) {
  const TemporaryFolder folder;
  const auto secret = folder.write("password", "hunter2 \r\n");
  const auto path = folder.write("m.yaml",
                                 "stream:\n  password_file: " + secret + "\n");
  const Loaded from_file{{path, {}, {}}};
  CAF_CHECK_EQUAL(from_file.faults(), "");
  CAF_CHECK_EQUAL(from_file.config.password, "hunter2 ");
  CAF_CHECK_EQUAL(from_file.origin("stream.password"),
                  path + ":2 (file " + secret + ")");
  for (const auto* name :
       {"SAMPLE_PASSWORD_FILE", "MILLRACE_STREAM_PASSWORD_FILE"}) {
    const Loaded loaded{{"", {{name, secret}}, {}}};
    CAF_CHECK_EQUAL(loaded.config.password, "hunter2 ");
    CAF_CHECK(contains(loaded.origin("stream.password"), name));
  }
  const Loaded flag{{"", {}, {{"stream.password_file=" + secret}}}};
  CAF_CHECK_EQUAL(flag.config.password, "hunter2 ");
  CAF_CHECK_EQUAL(flag.warnings(), "");
}

CAF_TEST(whoever_reads_a_secret_anew_is_told_the_file_that_it_came_from) {
  const TemporaryFolder folder;
  const auto secret = folder.write("password", "hunter2");
  const auto path = folder.write("m.yaml",
                                 "stream:\n  password_file: " + secret + "\n");
  CAF_CHECK_EQUAL((Loaded{{path, {}, {}}}.config.password_path), secret);
  const Loaded outdone{{path, {{"SAMPLE_PASSWORD", "hunter3"}}, {}}};
  CAF_CHECK_EQUAL(outdone.config.password, "hunter3");
  CAF_CHECK_EQUAL(outdone.config.password_path, "");
}

CAF_TEST(a_secrets_file_that_is_missing_or_empty_is_a_fault) {
  const TemporaryFolder folder;
  const auto empty = folder.write("password", "\n");
  CAF_CHECK(contains(
    Loaded{{"", {{"SAMPLE_PASSWORD_FILE", empty}}, {}}}.faults(),
    "variable SAMPLE_PASSWORD_FILE: stream.password_file: expected a secret"));
  CAF_CHECK(
    contains(Loaded{{"", {{"SAMPLE_PASSWORD_FILE", empty + "s"}}, {}}}.faults(),
             "No such file"));
}

CAF_TEST(a_secret_given_twice_by_one_source_is_a_fault) {
  const TemporaryFolder folder;
  const auto secret = folder.write("password", "hunter2");
  const Loaded loaded{
    {"",
     {{"SAMPLE_PASSWORD", "hunter3"}, {"SAMPLE_PASSWORD_FILE", secret}},
     {}}};
  CAF_CHECK(contains(loaded.faults(), "given as stream.password too"));
}

CAF_TEST(only_secrets_may_be_given_as_files) {
  const Loaded loaded{
    {"", {{"KAFKA_SAMPLE_TOPIC_FILE", "/x"}}, {{"work.workers_file=/x"}}}};
  CAF_CHECK(contains(loaded.faults(), "work.workers_file: unknown key"));
  CAF_CHECK_EQUAL(loaded.config.topic, "user-login");
}

CAF_TEST(a_secret_on_the_command_line_is_warned_of_and_not_repeated) {
  const Loaded loaded{{"", {}, {{"stream.password=hunter2"}}}};
  CAF_CHECK_EQUAL(loaded.config.password, "hunter2");
  CAF_CHECK(contains(loaded.warnings(), "stream.password_file"));
  CAF_CHECK(!contains(loaded.warnings(), "hunter2"));
}

CAF_TEST(what_a_check_objects_to_is_reported_with_the_origins_of_its_keys) {
  Loaded loaded{
    {"",
     {{"MILLRACE_WORK_WORKERS", "many"}, {"MILLRACE_WORK_BUDGET", "2MiB"}},
     {{"work.interval=1s"}}}};
  const auto code = logic::ErrorCode::invalid_config;
  add_check_faults(
    loaded.report,
    {{code, "work.interval must be longer"},
     {code, "work.workers is faulty already, so this is not repeated"},
     {code,
      "work.budget, work.interval and work.level do not fit work.budget."},
     {code, "work.level: is too low by default"},
     {code, "two things do not fit"}});
  CAF_CHECK_EQUAL(loaded.faults(),
                  "variable MILLRACE_WORK_WORKERS: work.workers: expected a "
                  "whole number, from 1 to 64, got 'many'\n"
                  "flag --set: work.interval must be longer\n"
                  "variable MILLRACE_WORK_BUDGET, flag --set: work.budget, "
                  "work.interval and work.level do not fit work.budget.\n"
                  "work.level: is too low by default\n"
                  "two things do not fit\n");
}
