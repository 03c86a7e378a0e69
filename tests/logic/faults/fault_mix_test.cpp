#define CAF_SUITE fault_mix

#include "logic/faults/fault_mix.hpp"

#include "caf/test/dsl.hpp"

#include "logic/generation/random_stream.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace millrace::logic::faults;
using millrace::logic::ErrorCode;
using millrace::logic::generation::RandomStream;

CAF_TEST(a_mix_is_read_and_unnamed_kinds_weigh_nothing) {
  FaultMix mix;
  mix[FaultKind::crash] = 10;
  mix[FaultKind::hang] = 1;
  mix[FaultKind::throw_on_match] = 1'000'000;
  for (const auto* text :
       {"crash=10,poison=1000000,hang=1", "hang=1,poison=1000000,crash=10",
        " crash = 10 ,\thang=1, poison=1000000 ",
        "crash=10,hang=1,poison=1000000,slow=0"}) {
    const auto read = parse_fault_mix(text);
    CAF_REQUIRE(read.has_value());
    CAF_CHECK(*read == mix);
  }
  CAF_CHECK_EQUAL(to_string(mix), "crash=10,poison=1000000,hang=1");
}

CAF_TEST(every_mix_survives_being_written_and_read) {
  RandomStream random{9};
  for (int round = 0; round != 2000; ++round) {
    FaultMix mix;
    for (auto& weight : mix.weights)
      weight = random.below(3) == 0 ? random.below(max_fault_weight + 1) : 0;
    const auto read = parse_fault_mix(to_string(mix));
    CAF_REQUIRE_EQUAL(read.has_value(), mix != FaultMix{});
    if (read)
      CAF_REQUIRE(*read == mix);
  }
  CAF_CHECK(*parse_fault_mix(to_string(default_mix())) == default_mix());
}

CAF_TEST(a_mix_that_cannot_be_read_is_told_which_part_and_what_is_allowed) {
  const std::string form = " is not of the form KIND=WEIGHT (example: "
                           "crash=10,hang=1)";
  const std::string kinds
    = " is no kind of fault (allowed: crash, poison, hang, slow, corrupt, "
      "fail_deliveries, lose_reports, fence_producer, fail_commits, "
      "drop_credit, exhaust_credit, broker_down, die)";
  const std::string range = " (allowed: a whole number from 0 to 1000000)";
  const std::vector<std::pair<std::string, std::string>> faults{
    {"", "\"\"" + form},
    {"crash", "\"crash\"" + form},
    {"crash=1,", "\"\"" + form},
    {"crash=1,,hang=1", "\"\"" + form},
    {"crash=1;hang=1", "\"1;hang=1\" is no weight of \"crash\"" + range},
    {"crash:1", "\"crash:1\"" + form},
    {"=1", "\"\"" + kinds},
    {"crush=1", "\"crush\"" + kinds},
    {"fail deliveries=1", "\"fail deliveries\"" + kinds},
    {"crash=1, crash=2", "\"crash\" is there twice"},
    {"crash=0,crash=2", "\"crash\" is there twice"},
    {"crash=", "\"\" is no weight of \"crash\"" + range},
    {"crash=-1", "\"-1\" is no weight of \"crash\"" + range},
    {"crash=1.5", "\"1.5\" is no weight of \"crash\"" + range},
    {"crash=1000001", "\"1000001\" is no weight of \"crash\"" + range},
    {"crash=0,hang=0", "no kind has a weight above 0, so no fault would occur"},
  };
  for (const auto& [text, fault] : faults) {
    const auto mix = parse_fault_mix(text);
    CAF_REQUIRE(!mix);
    CAF_CHECK(mix.error().code == ErrorCode::invalid_argument);
    CAF_CHECK_EQUAL(mix.error().text,
                    "mix of faults \"" + text + "\": " + fault);
  }
  const auto endless = parse_fault_mix(std::string(1025, 'x'));
  CAF_REQUIRE(!endless);
  CAF_CHECK(endless.error().text.ends_with("too long (allowed: 1024 bytes)"));
}
