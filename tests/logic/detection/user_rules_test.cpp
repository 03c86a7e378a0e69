#define CAF_SUITE user_rules

#include "tests/logic/detection/login_user.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace::tests;

CAF_TEST(an_ocean_in_an_hour_is_impossible_and_in_nine_is_a_flight) {
  User fast;
  CAF_CHECK_EQUAL(int{fast.login(0, lisbon).rules}, 0);
  const auto findings = fast.login(hour, hartford);
  CAF_CHECK(fired(findings, Rule::impossible_travel));
  CAF_CHECK(findings.new_country);
  CAF_CHECK_EQUAL(explain(findings, fast.limits()),
                  "5278 km in 1.0 h, from PT to US");
  User slow;
  slow.login(0, lisbon);
  CAF_CHECK_EQUAL(int{slow.login(9 * hour, hartford).rules}, 0);
}

CAF_TEST(short_ways_are_never_impossible) {
  User user;
  user.login(0, lisbon);
  const auto findings = user.login(1, porto);
  CAF_CHECK(findings.travel_km > 250.0F && findings.travel_km < 300.0F);
  CAF_CHECK_EQUAL(int{findings.rules}, 0);
}

CAF_TEST(two_far_places_at_the_same_moment_are_impossible) {
  User user;
  user.login(0, lisbon);
  const auto findings = user.login(0, hartford);
  CAF_CHECK(fired(findings, Rule::impossible_travel));
  CAF_CHECK_GREATER(findings.travel_hours, 0.0F);
}

CAF_TEST(a_late_login_is_compared_but_does_not_move_the_user_back) {
  User user;
  user.login(10 * hour, lisbon);
  CAF_CHECK(fired(user.login(9 * hour, hartford), Rule::impossible_travel));
  // Still in Lisbon for whoever comes next.
  CAF_CHECK_EQUAL(int{user.login(10.1 * hour, lisbon).rules}, 0);
  CAF_CHECK_EQUAL(user.state().countries[0], pack_country("PT"));
}

CAF_TEST(places_without_coordinates_and_events_without_time_do_not_travel) {
  User user;
  user.login(0, lisbon);
  CAF_CHECK_EQUAL(user.login(60).travel_km, 0.0F);
  auto timeless = User::make(0, 0, &hartford, LoginStatus::unknown);
  timeless.time_ms = -1;
  const auto findings = compare(user.state(), timeless, user.limits(), false);
  CAF_CHECK_EQUAL(int{findings.rules}, 0);
  CAF_CHECK_EQUAL(findings.gap_s, -1.0F);
  auto state = user.state();
  remember(state, timeless, user.limits());
  CAF_CHECK_EQUAL(state.logins, 3u);
  CAF_CHECK_EQUAL(state.latitude, lisbon.latitude);
  CAF_CHECK_EQUAL(state.last_seen_ms, user.state().last_seen_ms);
}

CAF_TEST(more_logins_than_the_limit_within_the_window_fire_velocity) {
  User user;
  for (int i = 0; i != 10; ++i)
    CAF_CHECK_EQUAL(int{user.login(i).rules}, 0);
  const auto findings = user.login(10);
  CAF_CHECK(fired(findings, Rule::velocity));
  CAF_CHECK_EQUAL(findings.logins_in_window, 11u);
  CAF_CHECK_EQUAL(explain(findings, user.limits()),
                  "11 logins in 60 s, limit 10");
}

CAF_TEST(the_largest_limit_fires_on_a_burst_within_a_second) {
  // A slot counts to 255: a limit above that was never passed by one.
  DetectionConfig config;
  config.velocity_limit = 250;
  User user{config};
  for (int i = 0; i != 250; ++i)
    CAF_REQUIRE_EQUAL(int{user.login(0).rules}, 0);
  CAF_CHECK(fired(user.login(0), Rule::velocity));
}

CAF_TEST(velocity_never_counts_longer_than_the_window) {
  // A login every 6.1 s is at most ten in any minute, for ever.
  for (const double start : {0.0, 1.3, 5.9, 7.4}) {
    User user;
    for (int i = 0; i != 500; ++i)
      CAF_REQUIRE_EQUAL(int{user.login(start + 6.1 * i).rules}, 0);
  }
}

CAF_TEST(velocity_is_sure_to_fire_within_seven_eighths_of_the_window) {
  // Eleven logins in 52 s, wherever the slots begin.
  for (double start = 0.0; start < 15.0; start += 0.25) {
    User user;
    for (int i = 0; i != 10; ++i)
      user.login(start + 5.2 * i);
    CAF_REQUIRE(fired(user.login(start + 52.0), Rule::velocity));
  }
}

CAF_TEST(the_window_is_empty_again_after_a_pause) {
  User user;
  for (int i = 0; i != 20; ++i)
    user.login(i);
  CAF_CHECK_EQUAL(user.login(19 + 60).logins_in_window, 1u);
  CAF_CHECK_EQUAL(user.login(1e8).logins_in_window, 1u);
  // Late by more than a window: seen, not counted.
  user.login(0);
  CAF_CHECK_EQUAL(user.login(1e8).logins_in_window, 2u);
}

CAF_TEST(late_logins_count_in_their_own_slot) {
  User user;
  user.login(59);
  for (int i = 0; i != 9; ++i)
    user.login(30);
  CAF_CHECK(fired(user.login(59), Rule::velocity));
  CAF_CHECK_EQUAL(user.login(30 + 60).logins_in_window, 3u);
}

CAF_TEST(an_unknown_device_fires_for_an_established_user_only) {
  User user;
  for (int i = 0; i != 4; ++i)
    CAF_CHECK_EQUAL(int{user.login(hour * i, 1).rules}, 0);
  // Four logins so far: the fifth may bring a new one.
  const auto early = user.login(5 * hour, 2);
  CAF_CHECK(early.new_device);
  CAF_CHECK_EQUAL(int{early.rules}, 0);
  CAF_CHECK_EQUAL(int{user.login(6 * hour, 1).rules}, 0);
  const auto findings = user.login(7 * hour, 3);
  CAF_CHECK(fired(findings, Rule::new_device));
  CAF_CHECK_EQUAL(explain(findings, user.limits()),
                  "unknown device after 6 logins");
  CAF_CHECK_EQUAL(int{user.login(8 * hour, 3).rules}, 0);
}

CAF_TEST(who_changes_devices_all_the_time_is_left_alone) {
  User user;
  int alarms = 0;
  for (std::uint16_t i = 0; i != 100; ++i)
    alarms += fired(user.login(hour * i, static_cast<std::uint16_t>(1000 + i)),
                    Rule::new_device)
                ? 1
                : 0;
  CAF_CHECK_EQUAL(alarms, 0);
}

CAF_TEST(the_device_used_longest_ago_is_forgotten) {
  User user;
  for (std::uint16_t device = 1; device <= 4; ++device)
    user.login(hour * device, device);
  user.login(5 * hour, 1);
  user.login(6 * hour, 5);
  CAF_CHECK(!user.login(7 * hour, 1).new_device);
  CAF_CHECK(user.login(8 * hour, 2).new_device);
}

CAF_TEST(failures_in_a_row_are_counted_until_a_success) {
  User user;
  const auto attempt = [&](int at, LoginStatus status) {
    return user.login(hour * at, 0, nullptr, status).failures;
  };
  CAF_CHECK_EQUAL(attempt(0, LoginStatus::failure), 1u);
  CAF_CHECK_EQUAL(attempt(1, LoginStatus::failure), 2u);
  CAF_CHECK_EQUAL(attempt(2, LoginStatus::success), 0u);
  CAF_CHECK_EQUAL(attempt(3, LoginStatus::failure), 1u);
}

CAF_TEST(counts_saturate) {
  User user;
  for (int i = 0; i != 70000; ++i)
    user.login(0, 1, nullptr, LoginStatus::failure);
  CAF_CHECK_EQUAL(user.state().logins, 0u);
  CAF_CHECK_EQUAL(user.state().failures, 255u);
  CAF_CHECK_EQUAL(user.login(1).logins_in_window, 256u);
  for (int i = 0; i != 70000; ++i)
    user.login(0);
  CAF_CHECK_EQUAL(user.state().logins, 65535u);
}

CAF_TEST(a_repeated_login_is_compared_without_counting_itself) {
  User user;
  user.login(0, 1, &lisbon);
  const auto again = User::make(0, 1, &lisbon, LoginStatus::unknown);
  const auto findings = compare(user.state(), again, user.limits(), true);
  CAF_CHECK_EQUAL(findings.logins_in_window, 1u);
  CAF_CHECK_EQUAL(int{findings.rules}, 0);
  CAF_CHECK(!findings.new_device);
}

CAF_TEST(several_rules_are_explained_together) {
  User user;
  for (int i = 0; i != 12; ++i)
    user.login(i, 1, &lisbon);
  const auto findings = user.login(12, 2, &hartford);
  CAF_CHECK_EQUAL(explain(findings, user.limits()),
                  "13 logins in 60 s, limit 10; 5278 km in 0.0003 h, from PT "
                  "to US; unknown device after 12 logins; first time from US "
                  "after 12 logins, last from PT");
}
