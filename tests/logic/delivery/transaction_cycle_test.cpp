#define CAF_SUITE transaction_cycle

#include "logic/delivery/transaction_cycle.hpp"
#include "tests/logic/delivery/outbox_fixture.hpp"
#include "tests/simulation/simulated_transactions.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace millrace::logic;
using namespace std::chrono_literals;
using millrace::tests::encoded;
using millrace::tests::SentRecord;
using millrace::tests::SimulatedTransactions;
using millrace::tests::SinkScript;
using millrace::tests::ticket;
using Answer = SinkScript::Answer;

namespace {

constexpr PartitionEpoch held{PartitionId{0}, AssignmentEpoch{1}};

struct Fixture : millrace::tests::OutboxFixture {
  Fixture() {
    auto config = make_config();
    config.transactional = true;
    outbox = Outbox{config};
  }

  /// What a producer does when it is woken.
  void step() {
    const bool wanted = outbox.wants_to_send(now) || cycle.has_offsets()
                        || !cycle.idle();
    if (wanted && cycle.may_send(broker, now))
      outbox.pump(sink, now, 1'720'000'000'000);
    DeliveryReports reports;
    sink.take_reports(reports);
    outbox.apply_reports(reports, now);
    reports.transactions = broker.take_reports();
    auto latest = cycle.advance(reports, outbox, broker, 0, now);
    lost_track |= latest.lost_track;
    if (!latest.aborted.empty())
      aborted = latest.aborted;
    if (latest.ended)
      committed = std::move(latest.committed);
    for (auto& batch : outbox.take_delivered())
      delivered.push_back(batch);
  }

  void run_for(std::chrono::milliseconds span) {
    for (const auto end = now + span; now < end; now += 10ms)
      step();
  }

  SimulatedTransactions broker{*script};
  TransactionCycle cycle{{100ms, 5s, {100ms, 400ms}}};
  std::vector<DeliveredBatch> delivered;
  std::vector<PartitionOffset> committed;
  bool lost_track = false;
  std::string aborted; ///< why, the last time
};

} // namespace

CAF_TEST(outputs_and_offsets_are_committed_together) {
  Fixture f;
  f.cycle.join(std::make_shared<GroupMembership>());
  f.outbox.add(ticket(1), encoded(3, 1));
  f.outbox.add(ticket(2), encoded(2, 0, 4));
  f.run_for(90ms);
  CAF_CHECK(f.delivered.empty());
  CAF_CHECK(f.outbox.holds(BatchId{1}));
  f.run_for(50ms);
  CAF_CHECK_EQUAL(f.delivered.size(), 2u);
  CAF_CHECK_EQUAL(f.broker.visible.size(), 6u);
  CAF_REQUIRE_EQUAL(f.committed.size(), 1u);
  CAF_CHECK(f.committed[0].next == Offset{6});
  CAF_CHECK(f.broker.member != nullptr);
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
  CAF_CHECK_EQUAL(f.broker.begun, 1);
}

CAF_TEST(what_comes_while_one_is_committed_waits_for_the_next) {
  Fixture f;
  f.outbox.add(ticket(1), encoded(2, 0));
  f.run_for(90ms);
  f.script->stalled = true;
  f.outbox.add(ticket(2), encoded(2, 0, 2));
  f.run_for(50ms); // the interval is over, and the reports of that are not in
  f.outbox.add(ticket(3), encoded(2, 0, 4));
  f.run_for(50ms);
  CAF_CHECK_EQUAL(f.script->sent.size(), 4u);
  CAF_CHECK(f.delivered.empty());
  f.script->resume();
  f.run_for(30ms);
  CAF_REQUIRE_EQUAL(f.committed.size(), 1u);
  CAF_CHECK(f.committed[0].next == Offset{4});
  f.run_for(150ms);
  CAF_CHECK(f.committed[0].next == Offset{6});
  CAF_CHECK_EQUAL(f.broker.begun, 2);
}

CAF_TEST(a_refused_record_aborts_and_is_a_dead_letter_in_the_next) {
  Fixture f;
  f.script->answer = [](const SentRecord& sent) {
    return sent.value == "out2" ? Answer{false, DeliveryFault::record, "bad"}
                                : Answer{};
  };
  f.outbox.add(ticket(1), encoded(5, 0));
  f.run_for(500ms);
  CAF_CHECK_EQUAL(f.broker.aborted, 1);
  CAF_CHECK_EQUAL(f.broker.seen("out2"), 0u);
  CAF_CHECK_EQUAL(f.broker.seen("in2"), 1u);
  CAF_CHECK_EQUAL(f.broker.seen("out1"), 1u);
  CAF_CHECK_EQUAL(f.broker.visible.size(), 5u);
  CAF_REQUIRE_EQUAL(f.delivered.size(), 1u);
  CAF_CHECK_EQUAL(f.delivered[0].dead_letters, 1u);
  CAF_CHECK_EQUAL(f.outbox.delivered(Destination::output), 4u);
}

CAF_TEST(it_is_aborted_for_a_refusal_and_not_for_what_is_given_up_with_it) {
  Fixture f;
  bool refused = false;
  f.script->answer = [&](const SentRecord& sent) {
    if (refused)
      return Answer{};
    refused = sent.value == "out1";
    return refused ? Answer{false, DeliveryFault::record, "bad"}
                   : Answer{false, DeliveryFault::record, "given up",
                            Blame::neighbour};
  };
  f.outbox.add(ticket(1), encoded(2, 0));
  f.run_for(500ms);
  CAF_CHECK_EQUAL(f.aborted, "bad");
  CAF_CHECK_EQUAL(f.broker.visible.size(), 2u);
}

CAF_TEST(one_refused_record_after_the_other_costs_no_back_off) {
  Fixture f;
  int refused_in = 0;
  f.script->answer = [&](const SentRecord& sent) {
    if (refused_in == f.broker.begun) // the client takes no more in this one
      return Answer{false, DeliveryFault::outage, "purged"};
    if (sent.value == "out1" || !sent.value.starts_with("out"))
      return Answer{};
    refused_in = f.broker.begun;
    return Answer{false, DeliveryFault::record, "bad"};
  };
  f.outbox.add(ticket(1), encoded(12, 0));
  f.run_for(1s);
  CAF_CHECK_EQUAL(f.broker.aborted, 11);
  CAF_REQUIRE_EQUAL(f.delivered.size(), 1u);
  CAF_CHECK_EQUAL(f.delivered[0].dead_letters, 11u);
  CAF_CHECK_EQUAL(f.broker.seen("out1"), 1u);
}

CAF_TEST(a_client_that_learns_what_it_may_send_at_once_is_tried_again) {
  Fixture f;
  f.script->answer = [&](const SentRecord&) {
    return Answer{f.broker.begun > 12, DeliveryFault::too_large, "too large",
                  Blame::request};
  };
  for (int batch = 0; batch != 3; ++batch)
    f.outbox.add(ticket(static_cast<std::uint64_t>(batch) + 1),
                 encoded(5, 0, 5 * batch));
  f.run_for(2s);
  // Not record by record, as it would be in a transaction for each batch.
  CAF_CHECK_EQUAL(f.broker.aborted, 12);
  CAF_CHECK_EQUAL(f.broker.begun, 13);
  CAF_CHECK_EQUAL(f.delivered.size(), 3u);
}

CAF_TEST(what_is_too_large_time_and_again_is_found_one_by_one) {
  Fixture f;
  f.script->answer = [](const SentRecord& sent) {
    return sent.value == "out7" ? Answer{false, DeliveryFault::too_large,
                                         "too large", Blame::request}
                                : Answer{};
  };
  f.outbox.add(ticket(1), encoded(5, 0));
  f.outbox.add(ticket(2), encoded(5, 0, 5));
  f.run_for(1s);
  CAF_CHECK_EQUAL(f.broker.seen("out4"), 0u);
  const auto tries = f.broker.begun;
  f.script->answer = [](const SentRecord& sent) {
    return Answer{sent.value != "out7", DeliveryFault::too_large, "too large"};
  };
  f.run_for(20s);
  CAF_CHECK(f.broker.begun > tries);
  CAF_CHECK_EQUAL(f.broker.seen("in7"), 1u);
  CAF_CHECK_EQUAL(f.broker.visible.size(), 10u);
}

CAF_TEST(one_by_one_may_take_longer_than_a_transaction) {
  Fixture f;
  bool refused = false;
  f.script->answer = [&](const SentRecord& sent) {
    if (sent.value == "out3" && !std::exchange(refused, true))
      return Answer{false, DeliveryFault::transient, "throttled"};
    return Answer{};
  };
  f.outbox.add(ticket(1), encoded(2'000, 0));
  f.run_for(2min); // a record in 10 ms, and so 500 in one transaction
  CAF_REQUIRE_EQUAL(f.delivered.size(), 1u);
  CAF_CHECK_EQUAL(f.delivered[0].dead_letters, 0u);
  CAF_CHECK_EQUAL(f.broker.visible.size(), 2'000u);
  CAF_CHECK(std::ranges::is_sorted(f.broker.visible, {}, [](const auto& value) {
    return std::stoi(value.substr(3));
  }));
}

CAF_TEST(where_nobody_says_which_record_it_is_it_is_found_one_by_one) {
  Fixture f;
  f.script->answer = [](const SentRecord& sent) {
    return sent.value == "out7"
             ? Answer{false, DeliveryFault::transient, "throttled"}
             : Answer{};
  };
  f.outbox.add(ticket(1), encoded(5, 0));
  f.outbox.add(ticket(2), encoded(5, 0, 5));
  f.outbox.add(ticket(3), encoded(5, 0, 10));
  f.run_for(20s);
  CAF_CHECK_EQUAL(f.delivered.size(), 3u);
  CAF_CHECK_EQUAL(f.broker.visible.size(), 15u);
  CAF_CHECK_EQUAL(f.broker.seen("in7"), 1u);
  CAF_CHECK_EQUAL(f.broker.seen("out6"), 1u);
  CAF_CHECK(f.broker.offsets.at(0).next == Offset{15});
  // In order, whatever was sent again.
  CAF_CHECK_EQUAL(f.broker.visible.front(), "out0");
  CAF_CHECK_EQUAL(f.broker.visible.back(), "out14");
}

CAF_TEST(an_outage_blames_no_record) {
  Fixture f;
  bool down = true;
  f.script->answer = [&down](const SentRecord&) {
    return down ? Answer{false, DeliveryFault::outage, "down"} : Answer{};
  };
  f.outbox.add(ticket(1), encoded(5, 0));
  f.run_for(10s);
  CAF_CHECK(f.broker.visible.empty());
  down = false;
  f.run_for(1s);
  CAF_CHECK_EQUAL(f.broker.visible.size(), 5u);
  CAF_REQUIRE_EQUAL(f.delivered.size(), 1u);
  CAF_CHECK_EQUAL(f.delivered[0].dead_letters, 0u);
}

CAF_TEST(a_commit_that_is_refused_sends_all_again) {
  Fixture f;
  f.broker.outcomes = {TransactionReport::Kind::must_abort};
  f.outbox.add(ticket(1), encoded(3, 0));
  f.run_for(1s);
  CAF_CHECK_EQUAL(f.broker.aborted, 1);
  CAF_CHECK_EQUAL(f.broker.visible.size(), 3u);
  CAF_CHECK_EQUAL(f.script->sent.size(), 6u);
  CAF_CHECK_EQUAL(f.delivered.size(), 1u);
}

CAF_TEST(a_partition_that_is_lost_takes_its_transaction_with_it) {
  Fixture f;
  f.outbox.add(ticket(1), encoded(3, 0));
  auto other = ticket(2);
  other.epoch = AssignmentEpoch{2};
  f.outbox.add(other, encoded(2, 0, 10));
  f.run_for(50ms);
  f.cycle.forget(held, f.outbox, f.broker);
  f.outbox.forget(held.partition, held.epoch);
  f.run_for(1s);
  CAF_CHECK_EQUAL(f.broker.aborted, 1);
  CAF_CHECK_EQUAL(f.broker.visible.size(), 2u);
  CAF_CHECK_EQUAL(f.broker.seen("out10"), 1u);
  CAF_REQUIRE_EQUAL(f.committed.size(), 1u);
  CAF_CHECK(f.committed[0].epoch == AssignmentEpoch{2});
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
}

CAF_TEST(offsets_without_records_are_committed_and_never_go_back) {
  Fixture f;
  const PartitionOffset start{held.partition, held.epoch, Offset{4}};
  CAF_CHECK(f.cycle.move(std::vector{start}).empty());
  f.run_for(150ms);
  CAF_REQUIRE_EQUAL(f.committed.size(), 1u);
  CAF_CHECK(f.committed[0].next == Offset{4});
  f.outbox.add(ticket(1), encoded(3, 0, 4));
  f.run_for(150ms);
  CAF_CHECK(f.committed[0].next == Offset{7});
  const auto known = f.cycle.move(std::vector{start});
  CAF_REQUIRE_EQUAL(known.size(), 1u);
  CAF_CHECK(known[0].next == Offset{7});
  CAF_CHECK(!f.cycle.has_offsets());
}

CAF_TEST(a_commit_that_nobody_knows_of_waits_until_all_is_given_back) {
  Fixture f;
  f.broker.outcomes = {TransactionReport::Kind::unknown};
  f.outbox.add(ticket(1), encoded(3, 0));
  f.run_for(2s);
  CAF_CHECK(f.lost_track);
  CAF_CHECK_EQUAL(f.broker.begun, 1);
  CAF_CHECK_EQUAL(f.script->sent.size(), 3u);
  f.cycle.forget(held, f.outbox, f.broker);
  f.outbox.forget(held.partition, held.epoch);
  f.step();
  auto after = ticket(2);
  after.epoch = AssignmentEpoch{2};
  f.outbox.add(after, encoded(3, 0));
  f.run_for(1s);
  CAF_CHECK_EQUAL(f.broker.visible.size(), 3u);
  CAF_CHECK_EQUAL(f.delivered.size(), 1u);
}

CAF_TEST(what_is_read_anew_may_come_before_the_next_turn) {
  Fixture f;
  f.broker.outcomes = {TransactionReport::Kind::unknown};
  f.outbox.add(ticket(1), encoded(3, 0));
  f.run_for(2s);
  CAF_CHECK_EQUAL(f.cycle.in_doubt().size(), 1u);
  f.cycle.forget(held, f.outbox, f.broker);
  f.outbox.forget(held.partition, held.epoch);
  auto after = ticket(2);
  after.epoch = AssignmentEpoch{2};
  f.outbox.add(after, encoded(3, 0));
  f.run_for(1s);
  CAF_CHECK_EQUAL(f.broker.visible.size(), 3u);
  CAF_CHECK_EQUAL(f.delivered.size(), 1u);
}

CAF_TEST(records_that_are_not_reported_do_not_hold_a_transaction_for_ever) {
  Fixture f;
  f.script->stalled = true;
  f.outbox.add(ticket(1), encoded(3, 0));
  f.run_for(5s);
  CAF_CHECK_EQUAL(f.broker.aborted, 0);
  f.run_for(200ms);
  CAF_CHECK_EQUAL(f.broker.aborted, 1);
}
