#define CAF_SUITE group_lag

#include "logic/operations/group_lag.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace millrace::logic;
using namespace std::chrono_literals;

namespace {

PartitionPlace place(std::int32_t partition,
                     std::optional<std::int64_t> committed, std::int64_t low,
                     std::int64_t end) {
  PartitionPlace place;
  place.topic = "user-login";
  place.partition = PartitionId{partition};
  if (committed)
    place.committed = Offset{*committed};
  place.low = Offset{low};
  place.end = Offset{end};
  return place;
}

struct Fixture {
  GroupLagHistory history{3};
  GroupSight::TimePoint now{};

  void look(std::vector<PartitionPlace> places) {
    GroupSight sight;
    sight.group = "user-group";
    sight.state = GroupState::stable;
    sight.places = std::move(places);
    sight.at = now;
    history.add(std::move(sight));
    now += 2s;
  }

  LagLine only_line(PartitionPlace only) {
    GroupLagHistory fresh{1};
    GroupSight sight;
    sight.places = {std::move(only)};
    fresh.add(std::move(sight));
    return fresh.lag().lines[0];
  }

  LagLine line() const { return history.lag().lines[0]; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(group_lag_tests, Fixture)

CAF_TEST(the_lag_is_from_what_is_committed_to_the_end) {
  const auto line = only_line(place(0, 40, 0, 100));
  CAF_CHECK(line.records == 60);
  CAF_CHECK(line.remark == LagRemark::none);
  CAF_CHECK(!line.rates);
  CAF_CHECK(line.trend == LagTrend::unknown);
}

CAF_TEST(what_was_never_committed_lags_by_all_that_is_there) {
  const auto line = only_line(place(0, {}, 30, 100));
  CAF_CHECK(line.records == 70);
  CAF_CHECK(line.remark == LagRemark::never_committed);
  CAF_CHECK(only_line(place(0, {}, 0, 0)).records == 0);
}

CAF_TEST(what_expired_unread_is_no_lag_and_is_told) {
  const auto line = only_line(place(0, 10, 30, 100));
  CAF_CHECK(line.records == 70);
  CAF_CHECK(line.remark == LagRemark::expired);
  CAF_CHECK_EQUAL(line.expired_records, 20);
}

CAF_TEST(a_place_behind_the_end_is_no_negative_lag) {
  const auto line = only_line(place(0, 120, 0, 100));
  CAF_CHECK(!line.records);
  CAF_CHECK(line.remark == LagRemark::beyond_end);
}

CAF_TEST(a_place_in_a_topic_that_was_deleted_counts_nothing_as_done) {
  auto anew = place(0, 40, 0, 100);
  anew.of_former_topic = true;
  const auto line = only_line(anew);
  CAF_CHECK(line.records == 100);
  CAF_CHECK(line.remark == LagRemark::topic_made_anew);
}

CAF_TEST(control_records_at_the_end_are_no_lag) {
  auto at_end = place(0, 99, 0, 100);
  at_end.nothing_to_read = true;
  CAF_CHECK(only_line(at_end).records == 0);
}

CAF_TEST(what_nobody_leads_or_what_is_gone_cannot_be_told) {
  auto leaderless = place(0, 40, 0, 100);
  leaderless.low.reset();
  leaderless.end.reset();
  CAF_CHECK(!only_line(leaderless).records);
  CAF_CHECK(only_line(leaderless).remark == LagRemark::no_leader);
  leaderless.exists = false;
  CAF_CHECK(only_line(leaderless).remark == LagRemark::gone);
}

CAF_TEST(the_time_to_catch_up_follows_from_both_rates) {
  look({place(0, 0, 0, 1'000)});
  look({place(0, 600, 0, 1'200)});
  CAF_REQUIRE(line().rates);
  CAF_CHECK_EQUAL(line().rates->in, 100.0);
  CAF_CHECK_EQUAL(line().rates->done, 300.0);
  CAF_CHECK(line().trend == LagTrend::catching_up);
  CAF_CHECK(line().catch_up_seconds == 3.0);
}

CAF_TEST(a_lag_that_does_not_move_stands_still_whether_it_grows_or_not) {
  look({place(0, 10, 0, 100), place(1, 10, 0, 100), place(2, 10, 0, 10)});
  look({place(0, 10, 0, 100), place(1, 10, 0, 200), place(2, 10, 0, 20)});
  const auto lag = history.lag();
  CAF_CHECK(lag.lines[0].trend == LagTrend::standing_still);
  CAF_CHECK(lag.lines[1].trend == LagTrend::standing_still);
  // All of it came since the first look.
  CAF_CHECK(lag.lines[2].trend == LagTrend::unknown);
  CAF_CHECK_EQUAL(lag.totals.standing_still, 2u);
  CAF_CHECK(lag.totals.trend == LagTrend::standing_still);
  CAF_CHECK(!lag.totals.catch_up_seconds);
}

CAF_TEST(as_many_done_as_come_is_steady_fewer_fall_behind) {
  look({place(0, 0, 0, 1'000), place(1, 0, 0, 1'000)});
  look({place(0, 490, 0, 1'500), place(1, 300, 0, 1'500)});
  const auto lag = history.lag();
  CAF_CHECK(lag.lines[0].trend == LagTrend::steady);
  CAF_CHECK(lag.lines[1].trend == LagTrend::falling_behind);
  CAF_CHECK(!lag.lines[1].catch_up_seconds);
}

CAF_TEST(nothing_is_said_of_movement_where_an_offset_went_back) {
  look({place(0, 80, 0, 100)});
  look({place(0, 20, 0, 100)}); // somebody reset it
  CAF_CHECK(!line().rates);
  look({place(0, 20, 0, 30)}); // made anew
  CAF_CHECK(!line().rates);
}

CAF_TEST(nothing_is_said_of_movement_where_a_partition_begins) {
  look({place(0, {}, 0, 100)});
  look({place(0, 50, 0, 100), place(1, 5, 0, 10)});
  CAF_CHECK(!history.lag().lines[0].rates);
  CAF_CHECK(!history.lag().lines[1].rates);
}

CAF_TEST(what_nobody_reads_stands_still) {
  look({place(0, {}, 0, 100)});
  look({place(0, {}, 0, 120)});
  CAF_REQUIRE(line().rates);
  CAF_CHECK_EQUAL(line().rates->in, 10.0);
  CAF_CHECK(line().trend == LagTrend::standing_still);
}

CAF_TEST(only_the_last_looks_count) {
  look({place(0, 0, 0, 1'000)});
  look({place(0, 1'000, 0, 1'000)});
  look({place(0, 1'000, 0, 1'000)});
  look({place(0, 1'000, 0, 1'000)});
  CAF_REQUIRE(line().rates);
  CAF_CHECK_EQUAL(line().rates->done, 0.0);
  CAF_CHECK(line().trend == LagTrend::caught_up);
}

CAF_TEST(the_sums_are_of_all_partitions) {
  auto held = place(0, 0, 0, 100);
  held.holder = 0;
  auto gone = place(2, 10, 0, 0);
  gone.exists = false;
  const auto free = place(1, {}, 0, 50);
  look({held, free, gone});
  held.committed = Offset{90};
  look({held, free, gone});
  const auto totals = history.lag().totals;
  CAF_CHECK_EQUAL(totals.records, 60);
  CAF_CHECK_EQUAL(totals.untold, 1u);
  CAF_CHECK_EQUAL(totals.unheld, 1u);
  CAF_REQUIRE(totals.rates);
  CAF_CHECK_EQUAL(totals.rates->done, 45.0);
  CAF_CHECK(totals.trend == LagTrend::catching_up);
}

CAF_TEST(nobody_is_missed_where_the_brokers_do_not_tell_who_there_is) {
  GroupSight sight;
  sight.members_known = false;
  sight.places = {place(0, 0, 0, 100)};
  history.add(sight);
  CAF_CHECK_EQUAL(history.lag().totals.unheld, 0u);
  sight.members_known = true;
  sight.state = GroupState::rebalancing;
  history.add(sight);
  CAF_CHECK_EQUAL(history.lag().totals.unheld, 0u);
  sight.state = GroupState::stable;
  history.add(sight);
  CAF_CHECK_EQUAL(history.lag().totals.unheld, 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
