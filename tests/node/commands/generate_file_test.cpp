#define CAF_SUITE generate_file

#include "caf/test/dsl.hpp"

#include "tests/support/program.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace millrace;
using tests::run_program;

namespace {

/// `millrace generate --stdout` of a file with two lines.
tests::ProgramOutcome generate(std::vector<std::string> more) {
  const tests::TemporaryFolder folder;
  std::vector<std::string> words{tests::millrace_binary(),
                                 "generate",
                                 "--stdout",
                                 "--quiet",
                                 "--file",
                                 folder.write("lines", "first\nsecond\n")};
  words.insert(words.end(), more.begin(), more.end());
  return run_program(words, {}, std::chrono::seconds{20});
}

} // namespace

CAF_TEST(a_file_is_sent_once_unless_told_otherwise) {
  for (const auto& more : std::vector<std::vector<std::string>>{
         {}, {"--once"}, {"--count", "5"}, {"--rate", "1000"}}) {
    const auto outcome = generate(more);
    CAF_CHECK_EQUAL(outcome.code, 0);
    CAF_CHECK(outcome.says("sent 2 records"));
  }
}

CAF_TEST(a_file_is_repeated_when_asked_to) {
  const auto outcome = generate({"--repeat", "--count", "5"});
  CAF_CHECK_EQUAL(outcome.code, 0);
  CAF_CHECK(outcome.says("sent 5 records"));
  CAF_CHECK_EQUAL(generate({"--repeat", "--once"}).code, 2);
}

CAF_TEST(numbers_that_nobody_means_are_refused) {
  // Read as it stands, -1 would be 18 million million million records.
  const auto count = generate({"--repeat", "--count", "-1"});
  CAF_CHECK_EQUAL(count.code, 2);
  CAF_CHECK(count.says("--count: expected 0 or more, got '-1'"));
  const auto rate = generate({"--rate", "nan"});
  CAF_CHECK_EQUAL(rate.code, 2);
  CAF_CHECK(rate.says("--rate: expected a finite number, got 'nan'"));
  for (const auto* span : {"inf", "1e300", "-1", "nan"})
    CAF_CHECK_EQUAL(generate({"--event-span", span, "--count", "1"}).code, 2);
  CAF_CHECK_EQUAL(generate({"--seed", "-1"}).code, 2);
}
