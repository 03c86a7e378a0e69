#define CAF_SUITE lanes

// Lanes that are slow, silent or gone, in a whole node on virtual time.

#include "logic/records/footprint.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "tests/faults/fault_fixture.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using tests::login_json;
using tests::make_batch;

namespace {

constexpr std::uint32_t outer_lane = 1'000;
constexpr logic::Incarnation outer_life{1'000'000};

struct SilentLane {
  std::vector<messages::ValidateBatch> held;
};

messages::FirstStage::behavior_type silent(messages::FirstStage::pointer,
                                           SilentLane* lane) {
  return {
    [lane](const messages::ValidateBatch& order) {
      lane->held.push_back(order);
    },
  };
}

struct Fixture : tests::FaultFixture {
  SilentLane lane;
  messages::FirstStage first_stage;

  Fixture() {
    batch_size = 1;
    batches = 30;
    // Lanes of the topology grant three batches of a record.
    config.flow.batch_max_records = 1;
    config.flow.batch_max_bytes.bytes = 1024;
  }
  ~Fixture() override {
    caf::anon_send_exit(first_stage, caf::exit_reason::kill);
  }

  static std::uint64_t batch_bytes() {
    return logic::footprint_bytes(*make_batch({login_json("u-1")}));
  }

  void attach_outer(std::uint64_t window_bytes) {
    if (!first_stage)
      first_stage = sys.spawn(silent, &lane);
    messages::AttachLane order;
    order.lane = outer_lane;
    order.incarnation = outer_life;
    order.window_bytes = window_bytes;
    order.first_stage = first_stage;
    caf::anon_send(topology->dispatcher(), std::move(order));
    run_until_idle();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(lanes_tests, Fixture)

// The batches behind those that it holds wait for their turn to be judged, in
// lanes of which each had room for three.
CAF_TEST(a_silent_lane_holds_its_window_and_only_the_partitions_of_that) {
  begin();
  for (std::int32_t partition = 2; partition != 6; ++partition)
    happen(logic::ClientEvent::Kind::assigned, partition);
  run_until_idle();
  attach_outer(2 * batch_bytes() + 100);
  for (std::int64_t offset = 0; offset != 30; ++offset)
    for (std::int32_t partition = 0; partition != 6; ++partition) {
      arrive(make_batch({login_json("u-1")}, offset, partition));
      fed[partition] = offset + 1;
    }
  run_until_idle();
  CAF_REQUIRE_EQUAL(lane.held.size(), 2u);
  std::set<std::int32_t> held;
  for (const auto& order : lane.held)
    held.insert(order.ticket.partition.value);
  std::size_t complete = 0;
  for (const auto& [partition, offsets] : delivered())
    complete += offsets.size() == 30 ? 1 : 0;
  CAF_CHECK_EQUAL(complete, 6 - held.size());
  CAF_CHECK_EQUAL(credit("lane", "waiting"), 0.0);
  CAF_CHECK_EQUAL(credit("lane", "used"),
                  static_cast<double>(2 * batch_bytes()));
  CAF_CHECK_GREATER(credit("judgement_router", "waiting"), 0.0);
  caf::anon_send(topology->dispatcher(),
                 messages::DetachLane{outer_lane, outer_life});
  CAF_CHECK(recovers());
  CAF_CHECK_EQUAL(credit("judgement_router", "waiting"), 0.0);
}

CAF_TEST(with_no_credit_anywhere_batches_wait_and_are_not_lost) {
  begin();
  attach_outer(batch_bytes());
  feed();
  run_until_idle();
  CAF_CHECK_EQUAL(lane.held.size(), 1u);
  attach_outer(0);
  feed();
  pass(1s);
  CAF_CHECK_EQUAL(lane.held.size(), 1u);
  caf::anon_send(topology->dispatcher(),
                 messages::DetachLane{outer_lane, outer_life});
  CAF_CHECK(recovers());
}

CAF_TEST(with_little_credit_any_actor_may_crash_at_any_moment) {
  const tests::FaultFixture names;
  for (const auto& actor : names.actors())
    for (std::size_t step = 10; step < 200; step += 61) {
      Fixture node;
      node.batches = 12;
      node.begin();
      node.feed();
      node.steps(step);
      node.crash(actor);
      node.feed();
      CAF_REQUIRE(node.recovers());
    }
}

CAF_TEST(a_bad_record_is_found_with_little_credit) {
  Fixture node;
  node.config.fault_injection.enabled = true;
  node.batch_size = 4;
  node.config.flow.memory_budget.bytes = 64 * 1024;
  node.begin();
  node.arm("poison validator u-bad");
  node.feed({{{0, 17}, login_json("u-bad")}});
  CAF_CHECK(node.recovers());
  CAF_CHECK_EQUAL(node.sent(logic::Destination::dead_letters).size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
