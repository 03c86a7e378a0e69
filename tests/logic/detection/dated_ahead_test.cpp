#define CAF_SUITE dated_ahead

#include "tests/logic/detection/batch_detector.hpp"
#include "tests/logic/detection/login_batch.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace millrace::logic;
using namespace millrace::logic::detection;
using millrace::tests::BatchDetector;
using millrace::tests::login_batch;
using millrace::tests::LoginText;

// Who makes up the time of a login must not be able to hide what follows.

namespace {

constexpr std::int64_t noon_s = 1'700'000'000;
constexpr int ahead_s = 23 * 3600;

geo::Place place_of(std::string country, double latitude, double longitude) {
  geo::Place place;
  place.country = std::move(country);
  place.has_coordinates = true;
  place.latitude = latitude;
  place.longitude = longitude;
  return place;
}

const auto lisbon = place_of("PT", 38.7223, -9.1393);
const auto hartford = place_of("US", 41.7658, -72.6734);

/// A login whose record was written when the login was made.
LoginText prompt(LoginText login) {
  login.written_at_s = login.at_s;
  return login;
}

/// The same with a date of somebody's choice.
LoginText dated(LoginText login, std::int64_t ahead = ahead_s) {
  login.written_at_s = login.at_s;
  login.at_s += ahead;
  return login;
}

ShardJudgements judge(std::vector<LoginText> logins) {
  BatchDetector detector{DetectionConfig{}};
  return detector.judge(*login_batch(std::move(logins)));
}

bool any(const ShardJudgements& judgements, Rule rule) {
  return std::any_of(judgements.judgements.begin(), judgements.judgements.end(),
                     [rule](const Judgement& one) { return one.has(rule); });
}

LoginText failure(int second) {
  return {.at_s = noon_s + second, .status = LoginStatus::failure};
}

LoginText success(int second, const geo::Place* place = nullptr) {
  return {
    .at_s = noon_s + second, .place = place, .status = LoginStatus::success};
}

} // namespace

CAF_TEST(one_failure_dated_ahead_hides_no_brute_force) {
  std::vector<LoginText> logins{dated(failure(0))};
  for (int i = 1; i != 60; ++i)
    logins.push_back(prompt(failure(20 * i)));
  logins.push_back(prompt(success(1201)));
  const auto judgements = judge(logins);
  CAF_CHECK(!judgements.judgements[8].has(Rule::brute_force));
  CAF_CHECK(judgements.judgements[9].has(Rule::brute_force));
  CAF_CHECK(judgements.judgements[60].has(Rule::brute_force_success));
}

CAF_TEST(failures_dated_ahead_now_and_then_hide_no_brute_force) {
  std::vector<LoginText> logins;
  for (int i = 0; i != 60; ++i)
    logins.push_back(i % 3 == 0 ? dated(failure(20 * i), ahead_s - 1000 * i)
                                : prompt(failure(20 * i)));
  CAF_CHECK(judge(logins).judgements[9].has(Rule::brute_force));
}

CAF_TEST(failures_that_are_all_dated_apart_are_brute_force_all_the_same) {
  std::vector<LoginText> logins;
  for (int i = 0; i != 20; ++i)
    logins.push_back(dated(failure(20 * i), 3600 * (i + 1)));
  CAF_CHECK(judge(logins).judgements[9].has(Rule::brute_force));
}

CAF_TEST(one_login_dated_ahead_hides_no_burst) {
  for (const auto status : {LoginStatus::success, LoginStatus::failure}) {
    std::vector<LoginText> logins;
    for (int i = 0; i != 12; ++i)
      logins.push_back(prompt({.at_s = noon_s + i, .status = status}));
    logins[0] = dated({.at_s = noon_s, .status = status});
    CAF_CHECK(judge(logins).judgements[10].has(Rule::velocity));
  }
}

CAF_TEST(one_failure_dated_ahead_hides_no_spray) {
  std::vector<LoginText> logins;
  for (int i = 0; i != 200; ++i) {
    auto login = failure(i);
    login.user = "victim-" + std::to_string(i);
    logins.push_back(i == 0 ? dated(login) : prompt(login));
  }
  CAF_CHECK_GREATER(judge(logins).address_findings.size(), 170u);
}

CAF_TEST(a_success_dated_ahead_hides_no_journey) {
  // Both ways: it is itself no flight of a day, and those after it are none.
  const auto judgements = judge({prompt(success(0, &lisbon)),
                                 dated(success(600, &hartford)),
                                 prompt(success(1200, &lisbon))});
  CAF_CHECK(judgements.judgements[1].has(Rule::impossible_travel));
  CAF_CHECK(judgements.judgements[2].has(Rule::impossible_travel));
}

CAF_TEST(a_success_dated_ahead_keeps_no_country_unlearnt) {
  std::vector<LoginText> logins;
  for (int i = 0; i != 6; ++i)
    logins.push_back(prompt(success(i * 86'400, &lisbon)));
  logins.push_back(dated(success(6 * 86'400, &lisbon)));
  logins.push_back(prompt(success(6 * 86'400 + 40'000, &hartford)));
  logins.push_back(prompt(success(6 * 86'400 + 41'000, &hartford)));
  const auto judgements = judge(logins);
  CAF_CHECK(judgements.judgements[7].has(Rule::new_country));
  CAF_CHECK(!judgements.judgements[8].has(Rule::new_country));
}

CAF_TEST(clocks_that_are_wrong_alike_are_no_finding) {
  // Local time sent as UTC: a login a day, 8 h ahead of its record.
  std::vector<LoginText> logins;
  for (int i = 0; i != 20; ++i)
    logins.push_back(dated(success(i * 86'400, &lisbon), 8 * 3600));
  for (const auto& judgement : judge(logins).judgements)
    CAF_CHECK_EQUAL(int{judgement.rules}, 0);
}

CAF_TEST(a_record_without_a_time_of_its_own_leaves_the_events) {
  // A constant, and seconds for milliseconds: no time of writing either.
  for (const std::int64_t written_s :
       {std::int64_t{-1}, std::int64_t{0}, noon_s / 1000}) {
    std::vector<LoginText> logins;
    for (int i = 0; i != 20; ++i) {
      logins.push_back(success(i * 86'400, &lisbon));
      logins.back().written_at_s = written_s;
    }
    const auto judgements = judge(logins);
    CAF_CHECK(!any(judgements, Rule::velocity));
  }
}

CAF_TEST(old_logins_that_are_sent_anew_are_judged_by_their_own_times) {
  std::vector<LoginText> logins;
  for (int i = 0; i != 60; ++i) {
    logins.push_back(failure(20 * i));
    logins.back().written_at_s = noon_s + 30 * 86'400;
  }
  const auto judgements = judge(logins);
  CAF_CHECK(judgements.judgements[9].has(Rule::brute_force));
  std::vector<LoginText> slow;
  for (int i = 0; i != 60; ++i) {
    slow.push_back(failure(3600 * i));
    slow.back().written_at_s = noon_s + 30 * 86'400;
  }
  CAF_CHECK(!any(judge(slow), Rule::brute_force));
}

CAF_TEST(what_a_file_dates_ahead_is_found_out_by_what_follows) {
  // Where records do not tell when they were written.
  std::vector<LoginText> failures{failure(ahead_s)};
  for (int i = 1; i != 30; ++i)
    failures.push_back(failure(20 * i));
  CAF_CHECK(judge(failures).judgements[13].has(Rule::brute_force));
  std::vector<LoginText> burst{success(ahead_s)};
  for (int i = 1; i != 30; ++i)
    burst.push_back(success(i));
  CAF_CHECK(judge(burst).judgements[14].has(Rule::velocity));
  std::vector<LoginText> spray;
  for (int i = 0; i != 60; ++i) {
    spray.push_back(failure(i == 0 ? ahead_s : i));
    spray.back().user = "victim-" + std::to_string(i);
  }
  CAF_CHECK_GREATER(judge(spray).address_findings.size(), 30u);
}

CAF_TEST(a_few_late_logins_do_not_move_the_windows) {
  std::vector<LoginText> logins;
  for (int i = 0; i != 9; ++i)
    logins.push_back(failure(i));
  for (int i = 0; i != 3; ++i)
    logins.push_back(failure(-7200 + i));
  logins.push_back(failure(10));
  CAF_CHECK(judge(logins).judgements[12].has(Rule::brute_force));
}
