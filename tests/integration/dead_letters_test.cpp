#define CAF_SUITE dead_letters

#include "tests/support/replay_scenario.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace;

namespace {

struct Fixture : tests::KafkaFixture {
  tests::ReplayScenario scenario{*this, {}};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dead_letter_tests, Fixture)

CAF_TEST(a_mended_rule_lets_all_pass_once_in_order) {
  scenario.a_mended_rule_lets_all_pass_once_in_order();
}

CAF_TEST(a_killed_replay_goes_on) {
  scenario.a_killed_replay_goes_on();
}

CAF_TEST(a_record_that_fails_again_is_left_in_the_end) {
  scenario.a_record_that_fails_again_is_left_in_the_end();
}

CAF_TEST_FIXTURE_SCOPE_END()
