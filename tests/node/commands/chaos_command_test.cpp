#define CAF_SUITE chaos_command

#include "node/chaos/fault_list.hpp"
#include "node/commands/command_line.hpp"
#include "node/commands/commands.hpp"

#include "caf/test/dsl.hpp"

#include "tests/support/captured_output.hpp"
#include "tests/support/temporary_folder.hpp"

#include <array>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace millrace::node;

namespace {

struct Outcome {
  ExitCode code = ExitCode::success;
  std::string out;
  std::string complaints;

  bool complains_of(std::string_view words) const {
    return complaints.find(words) != std::string::npos;
  }
};

Outcome run_chaos(std::vector<const char*> words) {
  words.insert(words.begin(), {"millrace", "chaos"});
  constexpr std::array<AddCommand, 1> all{commands::add_chaos};
  millrace::tests::CapturedOutput out{1};
  millrace::tests::CapturedOutput err{2};
  std::ostringstream usage;
  Outcome outcome;
  outcome.code = run_command_line(words, all, usage, usage);
  std::cout << std::flush;
  outcome.out = out.text();
  outcome.complaints = err.text() + usage.str();
  return outcome;
}

} // namespace

CAF_TEST(equal seeds list equal storms and others do not ) {
  const std::vector<const char*> words{"--list", "--set", "flow.workers=3",
                                       "--seed", "5"};
  const auto first = run_chaos(words);
  CAF_CHECK(first.code == ExitCode::success);
  CAF_CHECK_EQUAL(first.out, run_chaos(words).out);
  auto other = words;
  other.back() = "6";
  CAF_CHECK_NOT_EQUAL(first.out, run_chaos(other).out);
}

CAF_TEST(a listed storm can be given back as orders) {
  const auto listed = run_chaos({"--list", "--faults", "40", "--duration",
                                 "20s", "--set", "flow.workers=2"});
  CAF_REQUIRE(listed.code == ExitCode::success);
  const millrace::tests::TemporaryFolder folder;
  const auto path = folder.write("orders", listed.out);
  const auto again = run_chaos({"--list", "--orders", path.c_str()});
  CAF_CHECK(again.code == ExitCode::success);
  const auto faults = chaos::parse_fault_list(listed.out);
  CAF_REQUIRE(faults.has_value());
  CAF_CHECK_EQUAL(faults->size(), 40u);
  CAF_CHECK(chaos::parse_fault_list(again.out).has_value());
  CAF_CHECK_EQUAL(listed.out.substr(listed.out.find('\n')),
                  again.out.substr(again.out.find('\n')));
}

CAF_TEST(a storm hits only actors that the configuration has) {
  const auto storm = run_chaos(
    {"--list", "--faults", "2000", "--set", "flow.workers=2", "--set",
     "detection.enabled=no", "--set", "insights.enabled=no"});
  CAF_REQUIRE(storm.code == ExitCode::success);
  const auto faults = chaos::parse_fault_list(storm.out);
  CAF_REQUIRE(faults.has_value());
  const std::set<std::string> cast{
    "consumer",   "dispatcher", "producer",    "broker",      "validator",
    "enricher",   "encoder",    "validator 0", "validator 1", "enricher 0",
    "enricher 1", "encoder 0",  "encoder 1"};
  std::set<std::string> hit;
  for (const auto& fault : *faults)
    hit.insert(fault.order.target);
  CAF_CHECK(hit == cast);
}

CAF_TEST(the command that runs it again is printed without passwords) {
  const auto storm = run_chaos({"--list", "--seed", "9", "--mix", "crash=1",
                                "--set", "flow.batch_max_records=50", "--set",
                                "kafka.ssl_key_password=hush"});
  CAF_REQUIRE(storm.code == ExitCode::success);
  const auto line = storm.out.substr(0, storm.out.find('\n'));
  for (const auto* part : {"# millrace chaos --seed 9", "--faults 300",
                           "--mix crash=1", "--duration 1min", "--rate 20000",
                           "flow.batch_max_records=50", "flow.workers="})
    CAF_CHECK_EQUAL(line.find(part) == std::string::npos ? part : "", "");
  CAF_CHECK(storm.out.find("hush") == std::string::npos);
}

CAF_TEST(what cannot be understood is refused with a reason) {
  const auto mix = run_chaos({"--list", "--mix", "crush=1"});
  CAF_CHECK(mix.code == ExitCode::usage);
  CAF_CHECK(mix.complains_of("\"crush\" is no kind of fault"));
  const auto death = run_chaos({"--list", "--mix", "crash=1,die=1"});
  CAF_CHECK(death.code == ExitCode::usage);
  CAF_CHECK(death.complains_of("nobody would be left to judge"));
  const auto duration = run_chaos({"--list", "--duration", "soon"});
  CAF_CHECK(duration.code == ExitCode::usage);
  CAF_CHECK(duration.complains_of("--duration \"soon\""));
  CAF_CHECK(run_chaos({"--list", "--faults", "0"}).code == ExitCode::usage);
  const auto file = run_chaos({"--list", "--orders", "/nowhere/orders"});
  CAF_CHECK(file.code == ExitCode::unavailable);
  CAF_CHECK(file.complains_of("/nowhere/orders"));
  CAF_CHECK(run_chaos({"--list", "--orders", "x", "--mix", "crash=1"}).code
            == ExitCode::usage);
  const auto config = run_chaos({"--list", "--set", "flow.wokers=2"});
  CAF_CHECK(config.code == ExitCode::invalid_config);
}

CAF_TEST(more events than memory holds are refused before anything starts) {
  const auto storm = run_chaos({"--rate", "1000000", "--duration", "24h"});
  CAF_CHECK(storm.code == ExitCode::usage);
  CAF_CHECK(storm.complains_of("lower the rate or the duration"));
}
