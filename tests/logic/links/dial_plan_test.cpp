#define CAF_SUITE dial_plan

#include "logic/links/dial_plan.hpp"

#include "caf/test/dsl.hpp"

#include <set>

using namespace millrace::logic::links;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  DialPlan::Time start{};
  DialPlan plan{{}, 1};
  Endpoint first{"10.0.0.1", 9110};
  Endpoint second{"10.0.0.2", 9110};

  /// How long until something is due.
  std::chrono::milliseconds wait(DialPlan::Time now) const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
      *plan.next_due() - now);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dial_plan_tests, Fixture)

CAF_TEST(the_one_who_begins_dials_at_once_and_the_other_waits) {
  plan.set_targets({{first, true}, {second, false}}, start);
  CAF_CHECK_EQUAL(plan.take_due(start), std::vector{first});
  CAF_CHECK(plan.take_due(start + 1s).empty());
  CAF_CHECK_EQUAL(plan.take_due(start + 2s), std::vector{second});
}

CAF_TEST(who_is_dialled_or_linked_is_not_dialled_again) {
  plan.set_targets({{first, true}}, start);
  CAF_CHECK_EQUAL(plan.take_due(start).size(), 1u);
  CAF_CHECK(plan.take_due(start + 60s).empty());
  plan.linked(first, 7);
  CAF_CHECK(plan.take_due(start + 60s).empty());
  CAF_CHECK(!plan.next_due());
}

CAF_TEST(after_failures_the_wait_doubles_up_to_a_limit_and_varies) {
  plan.set_targets({{first, true}}, start);
  std::set<std::int64_t> waits;
  auto now = start;
  for (int failure = 1; failure != 12; ++failure) {
    CAF_REQUIRE_EQUAL(plan.take_due(now).size(), 1u);
    plan.failed(first, now);
    const auto longest = std::min<std::int64_t>(5'000, 100L << failure);
    CAF_CHECK_LESS_OR_EQUAL(wait(now).count(), longest);
    CAF_CHECK_GREATER_OR_EQUAL(wait(now).count(), longest / 2);
    waits.insert(wait(now).count());
    now = *plan.next_due();
  }
  CAF_CHECK_GREATER(waits.size(), 6u);
}

CAF_TEST(a_lost_peer_is_dialled_again_soon_by_every_address_of_it) {
  plan.set_targets({{first, true}, {second, true}}, start);
  plan.take_due(start);
  plan.linked(first, 7);
  plan.linked(second, 7);
  plan.lost(8, start);
  CAF_CHECK(!plan.next_due());
  plan.lost(7, start);
  CAF_CHECK_LESS_OR_EQUAL(wait(start).count(), 200);
  CAF_CHECK_EQUAL(plan.take_due(start + 200ms).size(), 2u);
}

CAF_TEST(our_own_address_and_those_that_are_gone_are_left_alone) {
  plan.set_targets({{first, true}, {second, true}}, start);
  plan.take_due(start);
  plan.is_self(first);
  plan.set_targets({{first, true}}, start);
  plan.failed(second, start);
  CAF_CHECK(!plan.next_due());
  CAF_CHECK(plan.take_due(start + 60s).empty());
}

CAF_TEST(a_refusal_is_not_asked_for_again_at_once) {
  plan.set_targets({{first, true}}, start);
  plan.take_due(start);
  plan.refused(first, start);
  CAF_CHECK_GREATER_OR_EQUAL(wait(start).count(), 5'000);
}

CAF_TEST_FIXTURE_SCOPE_END()
