#define CAF_SUITE user_habits

#include "tests/logic/detection/login_user.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace::tests;

CAF_TEST(failed_logins_teach_neither_place_nor_device_nor_country) {
  User user;
  for (int i = 0; i != 8; ++i)
    user.login(hour * i, 1, &lisbon, LoginStatus::success);
  const auto failed = user.login(9 * hour, 2, &hartford, LoginStatus::failure);
  CAF_CHECK_EQUAL(int{failed.rules}, 0);
  CAF_CHECK_EQUAL(user.state().logins, 8u);
  // The owner at home is nothing; whoever failed and then gets in is.
  User owner = user;
  CAF_CHECK_EQUAL(
    int{owner.login(9.1 * hour, 1, &lisbon, LoginStatus::success).rules}, 0);
  const auto taken = user.login(9.1 * hour, 2, &hartford, LoginStatus::success);
  CAF_CHECK(fired(taken, Rule::impossible_travel));
  CAF_CHECK(fired(taken, Rule::new_device));
  CAF_CHECK(fired(taken, Rule::new_country));
  CAF_CHECK(is_anomalous(taken, user.limits()));
}

CAF_TEST(sixty_failures_in_twenty_minutes_are_brute_force) {
  User user;
  user.login(0, 1, &lisbon, LoginStatus::success);
  int fires = 0;
  for (int i = 0; i != 60; ++i)
    fires += fired(
               user.login(hour + 20.0 * i, 9, &hartford, LoginStatus::failure),
               Rule::brute_force)
               ? 1
               : 0;
  CAF_CHECK_EQUAL(fires, 51);
  const auto success = user.login(hour + 1201, 9, &hartford,
                                  LoginStatus::success);
  CAF_CHECK(fired(success, Rule::brute_force_success));
  CAF_CHECK(!fired(success, Rule::brute_force));
  CAF_CHECK(explain(success, user.limits()).find("success after ")
            != std::string::npos);
  // Told once, though the failures still count.
  const auto again = user.login(hour + 1260, 9, &hartford,
                                LoginStatus::success);
  CAF_CHECK(!fired(again, Rule::brute_force_success));
  CAF_CHECK(fired(user.login(hour + 1261, 9, nullptr, LoginStatus::failure),
                  Rule::brute_force));
}

CAF_TEST(brute_force_never_counts_longer_than_the_window) {
  for (const double start : {0.0, 17.0, 299.0}) {
    User user;
    for (int i = 0; i != 500; ++i)
      CAF_REQUIRE_EQUAL(
        int{user.login(start + 134.0 * i, 1, nullptr, LoginStatus::failure)
              .rules},
        0);
  }
}

CAF_TEST(brute_force_is_found_after_months_of_silence) {
  User user;
  for (const double days : {0.0, 120.0, 200.0, 230.0})
    for (int i = 0; i != 10; ++i)
      CAF_CHECK_EQUAL(fired(user.login(days * 24 * hour + i, 1, nullptr,
                                       LoginStatus::failure),
                            Rule::brute_force),
                      i == 9);
}

CAF_TEST(a_forgotten_password_is_nothing) {
  User user;
  for (int i = 0; i != 20; ++i)
    user.login(hour * i, 1, &lisbon, LoginStatus::success);
  for (int i = 0; i != 5; ++i) {
    const auto failed = user.login(30 * hour + 10.0 * i, 1, &lisbon,
                                   LoginStatus::failure);
    CAF_CHECK_EQUAL(int{failed.rules}, 0);
    CAF_CHECK(is_explained(failed, user.limits()));
  }
  CAF_CHECK_EQUAL(
    int{user.login(30 * hour + 60, 1, &lisbon, LoginStatus::success).rules}, 0);
}

CAF_TEST(a_success_without_a_word_of_its_outcome_is_no_break_in) {
  User user;
  for (int i = 0; i != 20; ++i)
    user.login(20.0 * i, 1, nullptr, LoginStatus::failure);
  CAF_CHECK_EQUAL(int{user.login(401, 1).rules}, 0);
}

CAF_TEST(a_holiday_on_the_own_device_is_of_low_severity) {
  User user;
  for (int i = 0; i != 20; ++i)
    user.login(24 * hour * i, 1, &lisbon, LoginStatus::success);
  const auto abroad = user.login(24 * hour * 22, 1, &hartford,
                                 LoginStatus::success);
  CAF_CHECK(fired(abroad, Rule::new_country));
  CAF_CHECK(!is_anomalous(abroad, user.limits()));
  CAF_CHECK(is_explained(abroad, user.limits()));
  CAF_CHECK_EQUAL(explain(abroad, user.limits()),
                  "first time from US after 20 logins, last from PT");
  // Known from now on, and so is home.
  CAF_CHECK_EQUAL(
    int{user.login(24 * hour * 25, 1, &lisbon, LoginStatus::success).rules}, 0);
}

CAF_TEST(a_new_country_on_a_new_device_is_anomalous) {
  User user;
  for (int i = 0; i != 20; ++i)
    user.login(24 * hour * i, 1, &lisbon, LoginStatus::success);
  const auto abroad = user.login(24 * hour * 22, 2, &hartford,
                                 LoginStatus::success);
  CAF_CHECK(fired(abroad, Rule::new_country));
  CAF_CHECK(is_anomalous(abroad, user.limits()));
}

CAF_TEST(a_new_device_is_of_low_severity_at_home_only) {
  User user;
  for (int i = 0; i != 20; ++i)
    user.login(24 * hour * i, 1, &lisbon, LoginStatus::success);
  User traveller = user;
  User pressed = user;
  const auto home = user.login(24 * hour * 22, 2, &porto, LoginStatus::success);
  CAF_CHECK(fired(home, Rule::new_device));
  CAF_CHECK(!is_anomalous(home, user.limits()));
  CAF_CHECK(
    is_anomalous(traveller.login(24 * hour * 22, 2, &hartford), user.limits()));
  for (int i = 0; i != 3; ++i)
    pressed.login(24 * hour * 22 + i, 2, &lisbon, LoginStatus::failure);
  CAF_CHECK(
    is_anomalous(pressed.login(24 * hour * 22 + 9, 2, &lisbon), user.limits()));
}

CAF_TEST(the_last_address_is_home_where_no_place_is_known) {
  const RuleLimits limits{DetectionConfig{}};
  UserState state;
  auto login = User::make(0, 1, nullptr, LoginStatus::success);
  login.address = 7;
  for (int i = 0; i != 6; ++i)
    remember(state, login, limits);
  login.device = 2;
  CAF_CHECK(!is_anomalous(compare(state, login, limits, false), limits));
  login.address = 8;
  CAF_CHECK(is_anomalous(compare(state, login, limits, false), limits));
  // Neither a failure nor a quiet network moves home.
  for (const bool quiet : {false, true}) {
    auto other = login;
    other.device = 1;
    other.quiet = quiet;
    if (!quiet)
      other.status = LoginStatus::failure;
    remember(state, other, limits);
  }
  CAF_CHECK_EQUAL(state.address, 7u);
}

CAF_TEST(who_is_in_many_countries_has_no_country_to_depart_from) {
  User user;
  int alarms = 0;
  for (int i = 0; i != 50; ++i) {
    const std::string code{static_cast<char>('A' + i % 10), 'X'};
    const City city{lisbon.latitude, lisbon.longitude, code};
    alarms += fired(user.login(hour * i, 1, &city), Rule::new_country) ? 1 : 0;
  }
  CAF_CHECK_EQUAL(alarms, 0);
}
