#define CAF_SUITE dispatcher

#include "actors/delivery/dispatcher.hpp"

#include "logic/records/footprint.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"
#include "tests/logic/recovery/small_batches.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/support/memory_log.hpp"
#include "tests/support/metric_text.hpp"

#include "caf/test/dsl.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <prometheus/registry.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace millrace;
using tests::batch_of;
using tests::plenty;

namespace {

const std::uint64_t one_record = logic::footprint_bytes(*batch_of(0, 1));

/// A lane that does nothing with what it gets.
struct SilentLane {
  std::vector<logic::BatchTicket> held;
};

messages::FirstStage::behavior_type silent(messages::FirstStage::pointer,
                                           SilentLane* lane) {
  return {
    [lane](const messages::ValidateBatch& order) {
      lane->held.push_back(order.ticket);
    },
  };
}

struct Fixture : test_coordinator_fixture<> {
  std::shared_ptr<prometheus::Registry> registry
    = std::make_shared<prometheus::Registry>();
  actors::Surroundings around{
    std::make_shared<tests::MemoryLog>(),
    std::make_shared<actors::Metrics>(registry),
    std::make_shared<tests::VirtualClock>(1'730'000'000'000), nullptr};
  std::map<std::uint32_t, SilentLane> lanes;
  std::map<std::uint32_t, messages::FirstStage> first_stages;
  actors::DispatcherActor dispatcher;
  std::map<std::int32_t, logic::Offset> ends;

  Fixture() {
    actors::DispatcherParameters parameters;
    parameters.lanes_bytes = plenty;
    parameters.consumer
      = std::make_shared<actors::RegisteredActor<actors::ConsumerActor>>();
    parameters.producer
      = std::make_shared<actors::RegisteredActor<actors::ProducerActor>>();
    parameters.surroundings = around;
    auto started = actors::dispatchers(sys, std::move(parameters))(
      logic::Incarnation{1});
    CAF_REQUIRE(started);
    dispatcher = *started;
  }

  ~Fixture() override {
    for (const auto& [number, stage] : first_stages)
      caf::anon_send_exit(stage, caf::exit_reason::kill);
    caf::anon_send_exit(dispatcher, caf::exit_reason::kill);
    sched.run();
  }

  template <class Message>
  void tell(Message message) {
    caf::anon_send(dispatcher, std::move(message));
    sched.run();
  }

  void attach(std::uint32_t lane, std::uint64_t incarnation,
              std::uint64_t window_bytes) {
    auto& first_stage = first_stages[lane];
    if (!first_stage)
      first_stage = sys.spawn(silent, &lanes[lane]);
    messages::AttachLane order;
    order.lane = lane;
    order.incarnation = logic::Incarnation{incarnation};
    order.window_bytes = window_bytes;
    order.first_stage = first_stage;
    tell(std::move(order));
  }

  /// Batches of one record.
  void arrive(int batches) {
    for (int count = 0; count != batches; ++count) {
      const auto end = ends.find(0);
      const auto follows = end == ends.end() ? std::nullopt
                                             : std::optional{end->second};
      auto batch = batch_of(follows ? follows->value + 1 : 0, 1);
      ends[0] = batch->last_offset();
      tell(messages::DispatchBatch{std::move(batch), {}, follows});
    }
  }

  double credit(const std::string& state) const {
    return tests::metric_value(*registry,
                               R"(millrace_credit_bytes{stage="lane",state=")"
                                 + state + "\"}")
      .value_or(-1);
  }

  messages::DispatcherStatus status() {
    messages::DispatcherStatus result;
    auto answer = self->request(dispatcher, caf::infinite,
                                messages::ReportStatus{});
    sched.run();
    answer.receive(
      [&](messages::DispatcherStatus& got) { result = std::move(got); },
      [](const caf::error& error) { CAF_FAIL(error); });
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dispatcher_tests, Fixture)

CAF_TEST(a_lane_that_is_not_of_the_topology_gets_batches_by_its_own_handle) {
  arrive(3);
  attach(1'000, 7, 2 * one_record);
  const auto& held = lanes[1'000].held;
  CAF_REQUIRE_EQUAL(held.size(), 2u);
  CAF_CHECK_EQUAL(held[0].lane, 1'000u);
  CAF_CHECK(held[0].lane_incarnation == logic::Incarnation{7});
  tell(messages::BatchLeftLane{held[0]});
  CAF_CHECK_EQUAL(lanes[1'000].held.size(), 3u);
}

CAF_TEST(a_lane_that_is_silent_gets_its_window_and_others_the_rest) {
  attach(1'000, 1, 2 * one_record);
  attach(1'001, 2, 2 * one_record);
  for (int count = 0; count != 20; ++count) {
    arrive(1);
    if (!lanes[1'001].held.empty())
      tell(messages::BatchLeftLane{lanes[1'001].held.back()});
  }
  CAF_CHECK_EQUAL(lanes[1'000].held.size(), 1u);
  CAF_CHECK_EQUAL(lanes[1'001].held.size(), 19u);
}

CAF_TEST(what_a_lane_held_that_was_detached_others_get) {
  attach(1'000, 1, plenty);
  arrive(3);
  attach(1'001, 2, plenty);
  tell(messages::DetachLane{1'000, logic::Incarnation{1}});
  CAF_REQUIRE_EQUAL(lanes[1'001].held.size(), 3u);
  CAF_CHECK_EQUAL(lanes[1'001].held[2].attempt, 1u);
  // Late news of the life that is over.
  attach(1'000, 1, plenty);
  tell(messages::DetachLane{1'001, logic::Incarnation{1}});
  arrive(1);
  CAF_CHECK_EQUAL(lanes[1'000].held.size(), 3u);
  CAF_CHECK_EQUAL(lanes[1'001].held.size(), 4u);
  CAF_CHECK_EQUAL(status().redispatched, 3u);
}

CAF_TEST(a_window_that_shrinks_to_nothing_gives_a_lane_no_more) {
  attach(1'000, 1, plenty);
  arrive(1);
  attach(1'000, 1, 0);
  arrive(2);
  CAF_CHECK_EQUAL(lanes[1'000].held.size(), 1u);
  attach(1'000, 1, plenty);
  CAF_CHECK_EQUAL(lanes[1'000].held.size(), 3u);
}

CAF_TEST(credit_is_shown) {
  attach(1'000, 1, 2 * one_record);
  arrive(5);
  const auto bytes = [](std::uint64_t count) {
    return static_cast<double>(count * one_record);
  };
  CAF_CHECK_EQUAL(credit("granted"), bytes(2));
  CAF_CHECK_EQUAL(credit("used"), bytes(2));
  CAF_CHECK_EQUAL(credit("waiting"), bytes(3));
  tell(messages::BatchAwaitsTurn{lanes[1'000].held[1]});
  const auto now = status();
  CAF_REQUIRE_EQUAL(now.lanes.size(), 1u);
  CAF_CHECK_EQUAL(now.lanes[0].lane, 1'000u);
  CAF_CHECK_EQUAL(now.lanes[0].granted_bytes, 2 * one_record);
  CAF_CHECK_EQUAL(now.lanes[0].used_bytes, 2 * one_record);
  CAF_CHECK_EQUAL(now.waiting_bytes, 2 * one_record);
  CAF_CHECK_EQUAL(now.turn_bytes, one_record);
  for (const auto& ticket : std::vector{lanes[1'000].held})
    tell(messages::BatchLeftLane{ticket});
  for (const auto& ticket : std::vector{lanes[1'000].held})
    tell(messages::BatchLeftLane{ticket});
  CAF_CHECK_EQUAL(credit("used"), 0.0);
  CAF_CHECK_EQUAL(credit("waiting"), 0.0);
}

CAF_TEST_FIXTURE_SCOPE_END()
