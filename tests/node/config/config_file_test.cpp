#define CAF_SUITE config_file

#include "caf/test/dsl.hpp"

#include "tests/node/config/config_sample.hpp"
#include "tests/support/temporary_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

using namespace millrace::node;
using namespace millrace::node::sample;
using millrace::tests::TemporaryFolder;

CAF_TEST(a_file_sets_every_kind_of_value) {
  const TemporaryFolder folder;
  const auto path = folder.write("m.yaml", R"(# a comment
stream:
  topic: "logins"
  fields: [x, 'y, z']
work:
  workers: 8
  threshold: 0.75
  enabled: no
  interval: 250ms
  budget: 64KiB
  level: ERROR
)");
  const Loaded loaded{{path, {}, {}}};
  CAF_REQUIRE_EQUAL(loaded.faults(), "");
  CAF_CHECK_EQUAL(loaded.config.topic, "logins");
  CAF_CHECK_EQUAL(loaded.config.fields,
                  (std::vector<std::string>{"x", "y, z"}));
  CAF_CHECK_EQUAL(loaded.config.workers, 8);
  CAF_CHECK_EQUAL(loaded.config.threshold, 0.75);
  CAF_CHECK_EQUAL(loaded.config.enabled, false);
  CAF_CHECK_EQUAL(loaded.config.interval.count(), 250);
  CAF_CHECK_EQUAL(loaded.config.budget.bytes, 65536u);
  CAF_CHECK_EQUAL(loaded.config.level, "error");
  CAF_CHECK_EQUAL(loaded.origin("stream.topic"), path + ":3");
  CAF_CHECK_EQUAL(loaded.origin("work.level"), path + ":11");
  CAF_CHECK_EQUAL(loaded.origin("stream.password"), "default");
}

CAF_TEST(a_file_of_comments_and_empty_sections_changes_nothing) {
  CAF_CHECK_EQUAL(faults_of_file("# stream:\n#   topic: x\n"), "");
  CAF_CHECK_EQUAL(faults_of_file("stream:\nwork: {}\n"), "");
}

CAF_TEST(all_faults_are_reported_at_once_with_their_lines) {
  CAF_CHECK_EQUAL(
    faults_of_file(R"(stream:
  topik: logins
  fields: {a: b}
work:
  workers: 0
  interval: soon
  level: inof
wrok:
  workers: 1
)"),
    "millrace.yaml:2: stream.topik: unknown key (did you mean "
    "'stream.topic'?)\n"
    "millrace.yaml:8: wrok: unknown section (did you mean "
    "'work'?)\n"
    "millrace.yaml:3: stream.fields: expected a list of texts, "
    "got a map\n"
    "millrace.yaml:5: work.workers: expected a whole number, from "
    "1 to 64, got '0'\n"
    "millrace.yaml:6: work.interval: expected a duration such as "
    "500ms, 5s or 1.5h, from 100ms to 1min, got 'soon'\n"
    "millrace.yaml:7: work.level: expected one of debug, info, "
    "error, got 'inof' (did you mean 'info'?)\n");
}

CAF_TEST(a_key_in_the_wrong_section_is_told_the_right_one) {
  CAF_CHECK_EQUAL(faults_of_file("stream:\n  workers: 2\n"),
                  "millrace.yaml:2: stream.workers: unknown key (did you mean "
                  "'work.workers'?)\n");
  CAF_CHECK_EQUAL(faults_of_file("workers: 2\n"),
                  "millrace.yaml:1: workers: unknown section (did you mean "
                  "'work.workers'?)\n");
  CAF_CHECK(contains(faults_of_file("work.workers: 2\n"), "write 'work:'"));
  CAF_CHECK(contains(faults_of_file("WORK:\n  workers: 2\n"), "'work'?"));
  CAF_CHECK(
    contains(faults_of_file("work:\n  WORKERS: 2\n"), "'work.workers'?"));
}

CAF_TEST(a_key_like_no_other_is_refused_without_a_guess) {
  CAF_CHECK_EQUAL(faults_of_file("work:\n  zzzzzzzzzzzz: 2\n"),
                  "millrace.yaml:2: work.zzzzzzzzzzzz: unknown key\n");
}

CAF_TEST(duplicate_keys_and_sections_are_refused) {
  CAF_CHECK_EQUAL(faults_of_file("work:\n  workers: 2\n  workers: 3\n"),
                  "millrace.yaml:3: work.workers: given twice; keep one of "
                  "them\n");
  CAF_CHECK_EQUAL(faults_of_file("work:\n  workers: 2\nwork:\n  level: info\n"),
                  "millrace.yaml:3: work: given twice; keep one of them\n");
}

CAF_TEST(sections_and_files_of_another_shape_are_refused) {
  CAF_CHECK_EQUAL(faults_of_file("- stream\n- work\n"),
                  "millrace.yaml:1: expected a map of sections, got a list\n");
  CAF_CHECK_EQUAL(faults_of_file("just words\n"),
                  "millrace.yaml:1: expected a map of sections, got a text\n");
  CAF_CHECK_EQUAL(faults_of_file("work: 5\n"),
                  "millrace.yaml:1: work: expected a map of settings, got a "
                  "text\n");
  CAF_CHECK_EQUAL(
    faults_of_file("work:\n  workers: [1]\n"),
    "millrace.yaml:2: work.workers: expected a whole number, from "
    "1 to 64, got a list\n");
  CAF_CHECK_EQUAL(faults_of_file("stream:\n  fields: [[a]]\n"),
                  "millrace.yaml:2: stream.fields: expected a list of texts, "
                  "got a list with a list\n");
  CAF_CHECK_EQUAL(faults_of_file("work:\n  ? [a]\n  : 1\n"),
                  "millrace.yaml:2: work: expected a key, got a list\n");
  CAF_CHECK(contains(faults_of_file("work:\n  level: info\n---\nwork:\n"),
                     "expected one YAML document, got 2"));
}

CAF_TEST(a_key_without_a_value_is_refused) {
  CAF_CHECK(contains(faults_of_file("work:\n  workers:\n"),
                     "millrace.yaml:2: work.workers: expected a whole number, "
                     "from 1 to 64, got no value"));
}

CAF_TEST(what_is_not_yaml_is_refused_with_its_line) {
  CAF_CHECK(contains(faults_of_file("work:\n  workers: [1, 2\n  level: x: y\n"),
                     "millrace.yaml:3: is not YAML: "));
  CAF_CHECK(contains(faults_of_file("work:\n\tworkers: 1\n"), "is not YAML: "));
  CAF_CHECK(contains(faults_of_file(std::string_view{"work:\0", 6}),
                     "holds NUL bytes"));
  CAF_CHECK(
    contains(faults_of_file("\x89PNG\r\n\x1a\n\xff\xfe{{{"), "millrace.yaml"));
}

CAF_TEST(an_empty_file_is_refused) {
  CAF_CHECK(contains(faults_of_file(""), "millrace.yaml: is empty"));
  CAF_CHECK(contains(faults_of_file(" \n\n"), "millrace.yaml: is empty"));
}

CAF_TEST(an_absurdly_nested_or_self_containing_file_is_refused) {
  const std::string open(100'000, '[');
  CAF_CHECK(contains(faults_of_file("work: " + open), "millrace.yaml"));
  CAF_CHECK(contains(faults_of_file("work:\n  workers: " + std::string(300, '{')
                                    + std::string(300, '}')),
                     "millrace.yaml"));
  CAF_CHECK(contains(faults_of_file("stream: &a\n  fields: *a\n"),
                     "expected a list of texts, got a map"));
}

CAF_TEST(merge_keys_and_tags_of_others_are_refused) {
  CAF_CHECK(contains(
    faults_of_file("stream: &s\n  topic: a\nwork:\n  <<: *s\n"),
    "millrace.yaml:4: work: merge keys (<<) are not read; write the settings"));
  CAF_CHECK(contains(faults_of_file("<<: {stream: {topic: a}}\n"),
                     "millrace.yaml:1: merge keys"));
  CAF_CHECK(contains(faults_of_file("stream:\n  password: !secret kafka\n"),
                     "millrace.yaml:2: stream.password: the tag '!secret' is "
                     "not read; write the value itself"));
  CAF_CHECK(contains(faults_of_file("stream:\n  topic: !!binary YQ==\n"),
                     "is not read; write the value itself"));
  CAF_CHECK(contains(faults_of_file("stream:\n  fields: [a, !env B]\n"),
                     "the tag '!env' is not read"));
  CAF_CHECK_EQUAL(
    faults_of_file("stream:\n  topic: !!str 1\n  fields: !!seq [\"a\", 'b']\n"),
    "");
}

CAF_TEST(a_missing_file_and_a_folder_are_refused) {
  const TemporaryFolder folder;
  const auto missing = folder / "none.yaml";
  CAF_CHECK_EQUAL((Loaded{{missing, {}, {}}}.faults()),
                  "cannot read " + missing + ": No such file or directory\n");
  CAF_CHECK_EQUAL((Loaded{{folder.path(), {}, {}}}.faults()),
                  "cannot read " + folder.path() + ": it is a directory\n");
}

CAF_TEST(an_unreadable_file_is_refused) {
  const TemporaryFolder folder;
  const auto path = folder.write("m.yaml", "work: {}\n");
  ::chmod(path.c_str(), 0);
  // The superuser reads it all the same.
  const std::string expected = ::geteuid() == 0 ? ""
                                                : "cannot read " + path
                                                    + ": Permission denied\n";
  CAF_CHECK_EQUAL((Loaded{{path, {}, {}}}.faults()), expected);
}

CAF_TEST(a_file_beyond_all_measure_is_refused) {
  CAF_CHECK(contains(Loaded{{"/dev/zero", {}, {}}}.faults(),
                     "it is longer than 1048576 bytes"));
}
