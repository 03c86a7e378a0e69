#define CAF_SUITE hosted_work

#include "logic/workers/hosted_work.hpp"

#include "logic/records/footprint.hpp"

#include "caf/test/dsl.hpp"

#include <map>
#include <random>
#include <string>
#include <vector>

using namespace millrace::logic;

namespace {

RecordBatchPtr batch_of(std::size_t records = 1) {
  RecordBatch::Builder builder{"t", PartitionId{0}, AssignmentEpoch{}};
  for (std::size_t index = 0; index != records; ++index) {
    RecordView record;
    record.offset = Offset{static_cast<std::int64_t>(index)};
    record.value = "{}";
    builder.append(record);
  }
  return builder.finish();
}

struct Fixture {
  HostingLimits limits{2, 1'000'000, 10'000};
  HostedWork work{limits, 1};

  void begin_lanes() {
    for (std::uint32_t lane = 0; lane != limits.lanes; ++lane)
      CAF_CHECK(work.begin_lane(lane, Incarnation{1}, {}).empty());
  }
  bool take_in(AskerId asker, std::uint64_t number) {
    return work.take_in({asker, number}, batch_of(), true, {});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(hosted_work_tests, Fixture)

CAF_TEST(windows_are_equal_and_fit_the_lanes_and_the_budget) {
  work.open(1);
  CAF_CHECK_EQUAL(work.window_bytes(), 80'000u);
  work.open(2);
  CAF_CHECK_EQUAL(work.window_bytes(), 40'000u);
  work.close(1);
  CAF_CHECK_EQUAL(work.window_bytes(), 80'000u);
  HostedWork small{{2, 50'000, 10'000}, 1};
  small.open(1);
  CAF_CHECK_EQUAL(small.window_bytes(), 50'000u);
  small.shut();
  CAF_CHECK_EQUAL(small.window_bytes(), 0u);
}

CAF_TEST(nothing_is_dealt_before_there_is_a_lane) {
  work.open(1);
  CAF_CHECK(take_in(1, 5));
  CAF_CHECK(work.take_deals().empty());
  begin_lanes();
  const auto deals = work.take_deals();
  CAF_REQUIRE_EQUAL(deals.size(), 1u);
  CAF_CHECK(work.name_of(deals[0].ticket.id) == (HostedWork::Name{1, 5}));
  CAF_CHECK(work.finish(deals[0].ticket.id) == (HostedWork::Name{1, 5}));
  CAF_CHECK(!work.finish(deals[0].ticket.id));
  CAF_CHECK_EQUAL(work.batches(), 0u);
}

CAF_TEST(strangers_repeats_and_floods_are_not_taken) {
  CAF_CHECK(!take_in(1, 5));
  work.open(1);
  CAF_CHECK(take_in(1, 5));
  CAF_CHECK(!take_in(1, 5));
  std::uint64_t taken = 0;
  for (std::uint64_t number = 6; number != 3'000; ++number)
    taken += take_in(1, number) ? footprint_bytes(*batch_of()) : 0;
  CAF_CHECK_LESS_OR_EQUAL(taken, limits.budget_bytes + 2'000);
}

CAF_TEST(askers_take_turns) {
  begin_lanes();
  work.open(1);
  work.open(2);
  for (std::uint64_t number = 0; number != 20; ++number)
    CAF_CHECK(take_in(1, number));
  for (std::uint64_t number = 0; number != 20; ++number)
    CAF_CHECK(take_in(2, number));
  std::map<AskerId, int> first;
  for (int round = 0; round != 10; ++round)
    for (const auto& deal : work.take_deals()) {
      ++first[work.name_of(deal.ticket.id)->asker];
      work.finish(deal.ticket.id);
    }
  CAF_CHECK_EQUAL(first[1], 20);
  CAF_CHECK_EQUAL(first[2], 20);
}

CAF_TEST(a_lane_gets_the_next_when_the_first_stage_has_done_with_one) {
  begin_lanes();
  work.open(1);
  for (std::uint64_t number = 0; number != 9; ++number)
    CAF_CHECK(take_in(1, number));
  const auto deals = work.take_deals();
  CAF_CHECK_EQUAL(deals.size(), 4u);
  CAF_CHECK(work.take_deals().empty());
  // Judgements may wait for a batch that is still to come.
  work.pass_on(deals[0].ticket.id);
  work.pass_on(deals[0].ticket.id);
  CAF_CHECK_EQUAL(work.take_deals().size(), 1u);
  work.finish(deals[0].ticket.id);
  CAF_CHECK(work.take_deals().empty());
}

CAF_TEST(what_a_dead_stage_held_is_lost_and_the_suspect_is_guilty) {
  begin_lanes();
  work.open(1);
  for (std::uint64_t number = 0; number != 4; ++number)
    CAF_CHECK(take_in(1, number));
  const auto deals = work.take_deals();
  CAF_REQUIRE_EQUAL(deals.size(), 4u);
  const auto suspect = deals[0].ticket;
  const auto lost = work.begin_lane(suspect.lane, Incarnation{2},
                                    std::vector<BatchId>{suspect.id});
  CAF_REQUIRE_EQUAL(lost.size(), 2u);
  for (const auto& each : lost)
    CAF_CHECK_EQUAL(each.guilty, each.id == suspect.id);
  CAF_CHECK_EQUAL(work.batches(), 2u);
  CAF_CHECK(!work.finish(suspect.id));
  CAF_CHECK(work.begin_lane(suspect.lane, Incarnation{2}, {}).empty());
}

CAF_TEST(an_asker_that_begins_anew_or_goes_leaves_nothing) {
  begin_lanes();
  work.open(1);
  work.open(2);
  CAF_CHECK(take_in(1, 5));
  CAF_CHECK(take_in(2, 5));
  CAF_CHECK_EQUAL(work.open(1).size(), 1u);
  CAF_CHECK(!work.find({1, 5}));
  CAF_CHECK(take_in(1, 5));
  CAF_CHECK_EQUAL(work.close(2).size(), 1u);
  CAF_CHECK_EQUAL(work.batches(), 1u);
  CAF_CHECK(!take_in(2, 6));
  const auto deals = work.take_deals();
  CAF_REQUIRE_EQUAL(deals.size(), 1u);
  CAF_CHECK(work.name_of(deals[0].ticket.id) == (HostedWork::Name{1, 5}));
}

CAF_TEST(only_the_first_try_is_counted) {
  begin_lanes();
  work.open(1);
  CAF_CHECK(work.take_in({1, 1}, batch_of(), false, {}));
  CAF_CHECK_GREATER(work.take_deals().at(0).ticket.attempt, 0u);
}

/// Whatever happens: each batch that was taken ends once, credit comes back.
CAF_TEST(books_balance_after_any_history) {
  std::mt19937_64 random{3};
  for (int history = 0; history != 200; ++history) {
    HostedWork books{limits, 1};
    std::vector<BatchId> dealt;
    std::uint64_t number = 0;
    std::uint64_t incarnation = 1;
    for (int step = 0; step != 200; ++step) {
      const AskerId asker = 1 + random() % 3;
      switch (random() % 8) {
        case 0:
          books.open(asker);
          break;
        case 1:
          if (random() % 4 == 0)
            books.close(asker);
          break;
        case 2:
          books.begin_lane(static_cast<std::uint32_t>(random() % 2),
                           Incarnation{++incarnation}, {});
          break;
        case 3:
          if (!dealt.empty())
            books.pass_on(dealt[random() % dealt.size()]);
          break;
        case 4:
          if (!dealt.empty())
            books.finish(dealt[random() % dealt.size()]);
          break;
        default:
          books.take_in({asker, number++}, batch_of(), true, {});
      }
      for (const auto& deal : books.take_deals())
        dealt.push_back(deal.ticket.id);
    }
    for (std::uint32_t lane = 0; lane != 2; ++lane)
      books.begin_lane(lane, Incarnation{++incarnation}, {});
    for (;;) {
      const auto deals = books.take_deals();
      if (deals.empty())
        break;
      for (const auto& deal : deals)
        CAF_REQUIRE(books.finish(deal.ticket.id).has_value());
    }
    CAF_CHECK_EQUAL(books.batches(), 0u);
    for (const auto& [id, asker] : books.askers())
      CAF_CHECK_EQUAL(asker.used_bytes, 0u);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
