#define CAF_SUITE lost_commits

#include "tests/simulation/simulated_node.hpp"
#include "tests/simulation/simulated_transactions.hpp"

#include <memory>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;
using tests::login_json;
using tests::make_batch;
using Kind = tests::SimulatedTransactions::Kind;

namespace {

struct Fixture : tests::SimulatedNode {
  std::shared_ptr<tests::SimulatedTransactions> broker
    = std::make_shared<tests::SimulatedTransactions>(*sink);

  Fixture() {
    config.delivery.guarantee = "exactly_once";
    sink->transactions = broker;
    join();
    start();
  }

  void join() {
    source->membership = std::make_shared<logic::GroupMembership>();
  }

  /// A new client is given its partition and reads on.
  void read_anew(std::uint64_t epoch) {
    join();
    happen(logic::ClientEvent::Kind::assigned, 0, epoch);
    arrive(make_batch({login_json("u-1"), login_json("u-2")}, 0, 0, epoch));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(lost_commits_tests, Fixture)

CAF_TEST(a_node_goes_on_where_the_group_says) {
  broker->outcomes = {Kind::unknown};
  arrive(make_batch({login_json("u-1"), login_json("u-2")}));
  pass(5s);
  // Once each: what is told twice must not put out the client that has come.
  CAF_CHECK_EQUAL(sources_opened, 2);
  CAF_CHECK_EQUAL(sinks_opened, 2);
  CAF_CHECK(broker->visible.empty());
  read_anew(2);
  pass(5s);
  CAF_CHECK_EQUAL(broker->visible.size(), 2u);
  CAF_REQUIRE_EQUAL(broker->offsets.size(), 1u);
  CAF_CHECK(broker->offsets[0].epoch == logic::AssignmentEpoch{2});
  CAF_CHECK_EQUAL(sources_opened, 2);
  CAF_CHECK(deaths.empty());
}

CAF_TEST(what_is_read_anew_may_come_as_soon_as_the_client) {
  broker->outcomes = {Kind::unknown};
  arrive(make_batch({login_json("u-1"), login_json("u-2")}));
  while (sources_opened != 2)
    pass(10ms);
  read_anew(2);
  pass(5s);
  CAF_CHECK_EQUAL(broker->visible.size(), 2u);
}

CAF_TEST(a_partition_may_be_anothers_by_then) {
  broker->outcomes = {Kind::unknown};
  arrive(make_batch({login_json("u-1"), login_json("u-2")}));
  pass(5s);
  join();
  happen(logic::ClientEvent::Kind::assigned, 1, 2);
  arrive(make_batch({login_json("u-3")}, 0, 1, 2));
  pass(5s);
  CAF_CHECK_EQUAL(broker->visible.size(), 1u);
  CAF_REQUIRE_EQUAL(broker->offsets.size(), 1u);
  CAF_CHECK(broker->offsets[0].partition == logic::PartitionId{1});
}

CAF_TEST_FIXTURE_SCOPE_END()
