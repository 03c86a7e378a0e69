#define CAF_SUITE producer

#include "tests/actors/delivery/producer_fixture.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using logic::AssignmentEpoch;
using logic::PartitionEpoch;
using logic::PartitionId;
using Kind = tests::SimulatedTransactions::Kind;

namespace {

constexpr PartitionEpoch before{PartitionId{0}, AssignmentEpoch{1}};
constexpr PartitionEpoch other{PartitionId{1}, AssignmentEpoch{2}};
constexpr PartitionEpoch anew{PartitionId{0}, AssignmentEpoch{3}};
constexpr PartitionEpoch other_anew{PartitionId{1}, AssignmentEpoch{4}};

struct Fixture : tests::ProducerFixture {
  /// Nobody learns how the commit of what is under way ended, and another
  /// client takes over.
  void lose_commit() {
    broker->outcomes = {Kind::unknown};
    pass(500ms);
    start();
    pass(100ms);
  }

  std::string fault() {
    std::string text;
    auto answer = self->request(producer, caf::infinite,
                                messages::ReportStatus{});
    sched.run();
    answer.receive(
      [&](const messages::ProducerStatus& status) { text = status.fault; },
      [](const caf::error& failure) { CAF_FAIL(failure); });
    return text;
  }

  std::size_t seen(const std::string& value) const {
    return broker->seen(value);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(producer_tests, Fixture)

CAF_TEST(what_is_read_anew_after_a_lost_commit_is_let_in) {
  produce(before, 0, 3);
  lose_commit();
  CAF_CHECK(notes.losses > 0);
  pass(5s);
  CAF_CHECK_EQUAL(broker->begun, 1);
  // At once, so that nothing is looked at in between.
  forget(before);
  produce(anew, 0, 3);
  pass(1s);
  CAF_CHECK_EQUAL(broker->visible.size(), 3u);
  CAF_REQUIRE_EQUAL(notes.committed.size(), 1u);
  CAF_CHECK(notes.committed[0].epoch == anew.epoch);
  CAF_CHECK(notes.committed[0].next == logic::Offset{3});
}

CAF_TEST(it_waits_for_all_that_is_in_doubt_and_for_nothing_else) {
  produce(before, 0, 3);
  produce(other, 0, 2);
  lose_commit();
  forget(before);
  produce(anew, 0, 3);
  pass(2s);
  CAF_CHECK(broker->visible.empty());
  forget(other);
  produce(other_anew, 0, 2);
  pass(1s);
  CAF_CHECK_EQUAL(broker->visible.size(), 5u);
  CAF_CHECK_EQUAL(notes.committed.size(), 2u);
}

CAF_TEST(what_was_taken_from_us_while_it_was_committed_is_not_waited_for) {
  broker->slow = true;
  produce(before, 0, 3);
  produce(other, 0, 2);
  pass(200ms);
  CAF_REQUIRE_EQUAL(broker->commits, 1);
  forget(before);
  pass(10ms);
  broker->outcomes = {Kind::unknown};
  broker->end_commit();
  broker->slow = false;
  pass(100ms);
  start();
  forget(other);
  produce(other_anew, 0, 2);
  pass(1s);
  CAF_CHECK_EQUAL(broker->visible.size(), 2u);
  CAF_CHECK_EQUAL(notes.committed.size(), 1u);
}

CAF_TEST(a_second_loss_before_the_first_is_mended_changes_nothing) {
  produce(before, 0, 3);
  lose_commit();
  sink->events.push_back({logic::ClientEvent::Kind::failed, {}, {}});
  pass(2s);
  start();
  forget(before);
  produce(anew, 0, 3);
  broker->outcomes = {Kind::unknown};
  pass(3s);
  CAF_CHECK_EQUAL(broker->commits, 2);
  start();
  CAF_CHECK(broker->visible.empty());
  forget(anew);
  const PartitionEpoch third{PartitionId{0}, AssignmentEpoch{5}};
  produce(third, 0, 3);
  pass(5s);
  CAF_CHECK_EQUAL(broker->visible.size(), 3u);
}

CAF_TEST(a_client_that_dies_while_it_commits_loses_that_too) {
  broker->slow = true;
  produce(before, 0, 3);
  pass(200ms);
  CAF_REQUIRE_EQUAL(broker->commits, 1);
  sink->events.push_back({logic::ClientEvent::Kind::failed, {}, {}});
  pass(1500ms);
  start();
  broker->slow = false;
  pass(2s);
  CAF_CHECK(notes.losses > 0);
  CAF_CHECK_EQUAL(broker->begun, 1);
  forget(before);
  produce(anew, 0, 3);
  pass(1s);
  CAF_CHECK_EQUAL(broker->visible.size(), 3u);
}

CAF_TEST(a_consumer_that_has_not_heard_of_the_loss_is_told_again) {
  produce(before, 0, 3);
  lose_commit();
  const auto told = notes.losses;
  pass(3s);
  CAF_CHECK(notes.losses >= told + 2);
  forget(before);
  pass(10ms);
  const auto in_all = notes.losses;
  pass(3s);
  CAF_CHECK_EQUAL(notes.losses, in_all);
}

CAF_TEST(what_the_consumer_holds_no_longer_is_forgotten_heard_of_or_not) {
  broker->ready = false;
  produce(before, 0, 3);
  produce(other, 0, 2);
  pass(200ms);
  // Its order to forget one of them died with a mailbox.
  joined({other}, other.epoch);
  produce(before, 3, 3); // late
  broker->ready = true;
  pass(1s);
  CAF_CHECK_EQUAL(broker->visible.size(), 2u);
  CAF_REQUIRE_EQUAL(notes.committed.size(), 1u);
  CAF_CHECK(notes.committed[0].partition == other.partition);
  // What it knows nothing of yet stays.
  produce(anew, 0, 3);
  joined({other}, other.epoch);
  pass(1s);
  CAF_CHECK_EQUAL(broker->visible.size(), 5u);
}

CAF_TEST(a_lost_commit_is_mended_by_what_the_consumer_holds) {
  produce(before, 0, 3);
  lose_commit();
  joined({anew}, anew.epoch);
  produce(anew, 0, 3);
  pass(1s);
  CAF_CHECK_EQUAL(broker->visible.size(), 3u);
}

CAF_TEST(dead_letters_in_the_lost_transaction_come_once_and_insights_at_most) {
  give(messages::PublishInsight{std::make_shared<const std::string>("{}")});
  produce(before, 0, 2, 1);
  lose_commit();
  forget(before);
  produce(anew, 0, 2, 1);
  pass(1s);
  CAF_CHECK_EQUAL(broker->visible.size(), 3u);
  CAF_CHECK_EQUAL(seen("in2"), 1u);
  give(messages::PublishInsight{std::make_shared<const std::string>("{}")});
  pass(1s);
  CAF_CHECK_EQUAL(seen("{}"), 1u);
}

CAF_TEST(what_a_dead_client_complained_of_the_next_one_must_say_itself) {
  const logic::Error error{logic::ErrorCode::unavailable, "nobody there"};
  sink->events.push_back({logic::ClientEvent::Kind::fault, {}, error});
  pass(2s);
  CAF_CHECK_EQUAL(fault(), "nobody there");
  sink->events.push_back({logic::ClientEvent::Kind::failed, {}, error});
  pass(2s);
  start();
  CAF_CHECK_EQUAL(fault(), "");
}

CAF_TEST(closing_does_not_wait_for_what_is_in_doubt) {
  produce(before, 0, 3);
  lose_commit();
  bool closed = false;
  auto answer = self->request(producer, caf::infinite,
                              messages::CloseOutput{10s});
  pass(100ms);
  answer.receive([&](const messages::OutputClosed&) { closed = true; },
                 [](const caf::error& error) { CAF_FAIL(error); });
  CAF_CHECK(closed);
  CAF_CHECK(broker->visible.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
