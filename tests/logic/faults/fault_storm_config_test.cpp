#define CAF_SUITE fault_storm_config

#include "logic/faults/fault_storm.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace::logic::faults;
using millrace::logic::ErrorCode;
using std::chrono::milliseconds;

namespace {

/// Makes the change to a good config, which must then be refused.
template <class Change>
void check_refused(Change change, const std::string& text) {
  StormConfig config;
  CAF_CHECK(check(config));
  change(config);
  const auto verdict = check(config);
  CAF_REQUIRE(!verdict);
  CAF_CHECK(verdict.error().code == ErrorCode::invalid_argument);
  CAF_CHECK_EQUAL(verdict.error().text, "storm of faults: " + text);
}

} // namespace

CAF_TEST(a_config_that_makes_no_storm_is_refused_by_name) {
  check_refused([](auto& it) { it.faults = 0; },
                "0 faults (allowed: 1 to 1000000)");
  check_refused([](auto& it) { it.faults = 1'000'001; },
                "1000001 faults (allowed: 1 to 1000000)");
  check_refused([](auto& it) { it.duration = milliseconds{0}; },
                "a duration of 0 ms (allowed: 1 ms to 86400000 ms)");
  check_refused([](auto& it) { it.duration *= 10'000; },
                "a duration of 600000000 ms (allowed: 1 ms to 86400000 ms)");
  check_refused([](auto& it) { it.lanes = 0; },
                "0 lanes (allowed: 1 to 10000)");
  check_refused([](auto& it) { it.lanes = 10'001; },
                "10001 lanes (allowed: 1 to 10000)");
  check_refused([](auto& it) { it.detectors = 10'001; },
                "10001 detectors (allowed: 0 to 10000)");
  check_refused([](auto& it) { it.mix[FaultKind::slow] = 1'000'001; },
                "a weight of 1000001 for slow (allowed: 0 to 1000000)");
  check_refused([](auto& it) { it.mix = {}; },
                "a mix of '' (allowed: at least one kind with a weight that "
                "may occur)");
  check_refused(
    [](auto& it) {
      it.mix = {};
      it.mix[FaultKind::hang] = 3;
      it.hang.max_at_once = 0;
    },
    "a mix of 'hang=3' (allowed: at least one kind with a weight "
    "that may occur)");
}

CAF_TEST(bounds_that_contradict_themselves_are_refused) {
  const std::string hang_rule = " deadlines (allowed: at least 1, the longest "
                                "not below the shortest, and at most 3600000 "
                                "ms)";
  check_refused([](auto& it) { it.hang.deadline = milliseconds{0}; },
                "hang deadline of 0 ms (allowed: 1 ms to 3600000 ms)");
  check_refused([](auto& it) { it.hang.shortest = 0; },
                "hangs of 0 to 3" + hang_rule);
  check_refused([](auto& it) { it.hang.longest = 1; },
                "hangs of 2 to 1" + hang_rule);
  check_refused([](auto& it) { it.hang.longest = 3601; },
                "hangs of 2 to 3601" + hang_rule);
  const std::string outage_rule = " (allowed: at least 1 ms, the longest not "
                                  "below the shortest, and at most 3600000 "
                                  "ms)";
  check_refused([](auto& it) { it.broker_down.shortest = milliseconds{0}; },
                "outages of the broker of 0 ms to 1500 ms" + outage_rule);
  check_refused([](auto& it) { it.broker_down.longest = milliseconds{199}; },
                "outages of the broker of 200 ms to 199 ms" + outage_rule);
  check_refused(
    [](auto& it) { it.broker_down.longest = milliseconds{3'600'001}; },
    "outages of the broker of 200 ms to 3600001 ms" + outage_rule);
  check_refused(
    [](auto& it) { it.broker_down.pause = milliseconds{-1}; },
    "a pause of -1 ms between outages of the broker (allowed: 0 ms to "
    "86400000 ms)");
}
