#define CAF_SUITE start_failures

#include "node/lifecycle/run_until_stopped.hpp"

#include "caf/test/dsl.hpp"

#include "node/endpoint/http_endpoint.hpp"
#include "node/lifecycle/exit_code.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/program.hpp"
#include "tests/support/temporary_folder.hpp"

#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::node;
using tests::run_program;

namespace {

tests::ProgramOutcome outcome_of(const std::string& command,
                                 const std::vector<std::string>& assignments) {
  std::vector<std::string> words{tests::millrace_binary(), command};
  for (const auto& assignment : assignments) {
    words.emplace_back("--set");
    words.push_back(assignment);
  }
  return run_program(words, {{"KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"}});
}

/// How `millrace run` ends with one setting.
tests::ProgramOutcome run_with(const std::string& assignment) {
  return outcome_of("run", {assignment});
}

tests::ProgramOutcome check_with(const std::vector<std::string>& assignments) {
  return outcome_of("check", assignments);
}

} // namespace

CAF_TEST(a_file_that_cannot_be_read_ends_a_run_as_unavailable) {
  const tests::TemporaryFolder folder;
  const auto text = folder.write("text", "nothing of use");
  for (const std::string key :
       {"geoip.files", "detection.model_file", "detection.quiet_networks"})
    for (const auto& path : {std::string{"/nowhere"}, text, folder.path()}) {
      const auto outcome = run_with(key + "=" + path);
      CAF_CHECK_EQUAL(outcome.code, to_int(ExitCode::unavailable));
      CAF_CHECK(outcome.says(path));
      CAF_CHECK(outcome.says("could not start"));
      const auto checked = check_with({key + "=" + path});
      CAF_CHECK_EQUAL(checked.code, to_int(ExitCode::success));
      CAF_CHECK(checked.says("warning: " + key + ": "));
      CAF_CHECK(checked.says(path));
      CAF_CHECK(checked.says("; the node would not start"));
    }
  // What is not read cannot be in the way.
  CAF_CHECK(
    !check_with({"detection.model_file=/nowhere", "detection.enabled=false"})
       .says("warning: detection.model_file"));
}

CAF_TEST(a_bad_list_of_quiet_networks_ends_a_run_and_check_says_where) {
  const tests::TemporaryFolder folder;
  const auto bad = folder.write("quiet.txt", "192.0.2.0/24\n\nnonsense here\n");
  struct Case {
    std::string path;
    std::string words;
  };
  for (const auto& [path, words] :
       {Case{bad, "quiet.txt\": line 3: \"nonsense\" is no network"},
        Case{folder / "absent.txt", "absent.txt\": cannot be opened: No such"},
        Case{folder.path(), "cannot read the quiet networks in"}}) {
    const auto assignment = "detection.quiet_networks=" + path;
    const auto outcome = run_with(assignment);
    CAF_CHECK_EQUAL(outcome.code, to_int(ExitCode::unavailable));
    CAF_CHECK(outcome.says("could not start"));
    const auto checked = check_with({assignment});
    CAF_CHECK_EQUAL(checked.code, to_int(ExitCode::success));
    CAF_CHECK(checked.says("warning: detection.quiet_networks: "));
    CAF_CHECK(checked.says(words));
    CAF_CHECK(checked.says("; correct the file, or take it out of "
                           "detection.quiet_networks"));
    const auto tried = run_program(
      {tests::millrace_binary(), "check", "--connect", "--deadline", "200ms",
       "--set", assignment},
      {{"KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"}});
    CAF_CHECK_EQUAL(tried.code, to_int(ExitCode::unavailable));
    CAF_CHECK(tried.says("failed  detection.quiet_networks: "));
    CAF_CHECK(tried.says(words));
  }
}

CAF_TEST(a_file_that_cannot_be_written_ends_a_run_as_unavailable) {
  const tests::TemporaryFolder folder;
  for (const std::string key : {"delivery.crash_journal", "log.file"})
    for (const auto& path : {std::string{"/nowhere/file"}, folder.path()}) {
      const auto outcome = run_with(key + "=" + path);
      CAF_CHECK_EQUAL(outcome.code, to_int(ExitCode::unavailable));
      CAF_CHECK(outcome.says(path));
    }
}

CAF_TEST(a_port_that_is_taken_ends_a_run_with_links_or_without) {
  const auto taken = HttpEndpoint::start({.port = 0}, {});
  CAF_REQUIRE(taken);
  const auto port = std::to_string((*taken)->port());
  const auto listen = "127.0.0.1:" + std::to_string(tests::free_port());
  for (const auto& settings : std::vector<std::vector<std::string>>{
         {"http.port=" + port},
         {"http.port=" + port, "link.enabled=true", "link.listen=" + listen,
          "link.peers=" + listen},
         {"http.port=0", "link.enabled=true", "link.listen=127.0.0.1:" + port,
          "link.peers=" + listen}}) {
    const auto outcome = outcome_of("run", settings);
    CAF_CHECK_EQUAL(outcome.code, to_int(ExitCode::unavailable));
    CAF_CHECK(outcome.says("could not start"));
    CAF_CHECK(outcome.says("127.0.0.1:" + port));
  }
}

CAF_TEST(what_the_client_would_refuse_is_refused_before_the_start) {
  for (const auto* assignment :
       {"kafka.properties=nonsense.x=1", "kafka.bootstrap_servers=a;b",
        "kafka.consumer_group=\"g\""}) {
    const auto outcome = run_with(assignment);
    CAF_CHECK_EQUAL(outcome.code, to_int(ExitCode::invalid_config));
    CAF_CHECK(outcome.says("the configuration was refused: 1 fault"));
  }
  const auto outcome = run_program(
    {tests::millrace_binary(), "run"},
    {{"KAFKA_SECURITY_PROTOCOL", "SSL"},
     {"KAFKA_SSL_CA_LOCATION", "/nowhere/ca.pem"}});
  CAF_CHECK_EQUAL(outcome.code, to_int(ExitCode::invalid_config));
  CAF_CHECK(outcome.says("variable KAFKA_SSL_CA_LOCATION: kafka.ssl_ca_file: "
                         "/nowhere/ca.pem cannot be read"));
}

CAF_TEST(every_reason_not_to_start_has_its_exit_code) {
  using logic::ErrorCode;
  CAF_CHECK(code_of_start({ErrorCode::no_space, ""}) == ExitCode::disk_full);
  CAF_CHECK(code_of_start({ErrorCode::io_failed, ""}) == ExitCode::unavailable);
  CAF_CHECK(code_of_start({ErrorCode::invalid_config, ""})
            == ExitCode::invalid_config);
  CAF_CHECK(code_of_start({ErrorCode::unavailable, ""})
            == ExitCode::unavailable);
  CAF_CHECK(code_of_start({ErrorCode::stage_failed, ""}) == ExitCode::failure);
}
