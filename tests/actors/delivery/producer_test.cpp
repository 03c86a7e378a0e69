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

CAF_TEST_FIXTURE_SCOPE_END()
