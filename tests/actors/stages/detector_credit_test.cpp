#define CAF_SUITE detector_credit

// What the judgement router sends to detectors that answer late.

#include "actors/stages/judgement_router.hpp"
#include "logic/detection/detector.hpp"
#include "logic/detection/judgement_codec.hpp"
#include "logic/detection/login_rows.hpp"
#include "messages/detection.hpp"
#include "messages/faults.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/state.hpp"
#include "messages/status.hpp"
#include "messages/supervision.hpp"
#include "tests/logic/detection/login_batch.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/support/memory_log.hpp"
#include "tests/support/metric_text.hpp"

#include "caf/test/dsl.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::tests;
using actors::AnomalyDetectorActor;

namespace {

constexpr std::uint32_t shard_count = 32;
constexpr std::size_t events = 400;

/// A detector that answers when the test says so, by a fault.
struct LateDetector {
  struct Question {
    messages::JudgeRows order;
    caf::typed_response_promise<messages::RowsJudged> promise;
  };
  std::deque<Question> asked;

  void answer_first() {
    auto& [order, promise] = asked.front();
    promise.deliver(
      messages::RowsJudged{std::make_shared<logic::ShardJudgements>(
        logic::detection::unjudged(*order.rows, order.shards))});
    asked.pop_front();
  }
};

AnomalyDetectorActor::behavior_type late(AnomalyDetectorActor::pointer self,
                                         LateDetector* detector) {
  return {
    [=](const messages::JudgeRows& order) -> caf::result<messages::RowsJudged> {
      auto promise = self->make_response_promise<messages::RowsJudged>();
      detector->asked.push_back({order, promise});
      return promise;
    },
    [](const messages::UseForest&) {},
    [](const messages::ForgetPartitions&) {},
    [](const messages::HostShard&) {},
    [](const messages::SaveShard&) {},
    [](const messages::SettleSnapshot&) {},
    [](const messages::GiveUpShard&) {},
    [](const messages::Heartbeat&) -> messages::HeartbeatAnswer { return {}; },
    [=](const messages::InjectFault&) { detector->answer_first(); },
  };
}

struct Fixture : test_coordinator_fixture<> {
  std::shared_ptr<prometheus::Registry> registry
    = std::make_shared<prometheus::Registry>();
  std::array<LateDetector, 2> late_ones;
  LateDetector successor;
  std::vector<actors::RegisteredActorPtr<AnomalyDetectorActor>> detectors;
  std::vector<AnomalyDetectorActor> spawned;
  actors::JudgementRouterActor router;
  std::uint64_t batches = 0;

  ~Fixture() override {
    for (const auto& each : spawned)
      caf::anon_send_exit(each, caf::exit_reason::kill);
    caf::anon_send_exit(router, caf::exit_reason::kill);
    sched.run();
  }

  void spawn_detector(std::size_t number, LateDetector* detector) {
    spawned.push_back(sys.spawn(late, detector));
    detectors[number]->assign(spawned.back());
  }

  void start(std::uint64_t window_bytes) {
    for (std::size_t number = 0; number != 2; ++number) {
      detectors.push_back(
        std::make_shared<actors::RegisteredActor<AnomalyDetectorActor>>());
      spawn_detector(number, &late_ones[number]);
    }
    actors::JudgementRouterParameters parameters;
    parameters.shard_count = shard_count;
    parameters.detectors = detectors;
    parameters.detector_window_bytes = window_bytes;
    parameters.surroundings = {
      std::make_shared<MemoryLog>(),
      std::make_shared<actors::Metrics>(registry),
      std::make_shared<VirtualClock>(1'730'000'000'000), nullptr};
    auto started = actors::judgement_routers(sys, std::move(parameters))(
      logic::Incarnation{1});
    CAF_REQUIRE(started);
    router = *started;
    sched.run();
  }

  static messages::JudgeBatch batch(std::uint64_t sequence) {
    std::vector<LoginText> logins(events);
    for (std::size_t user = 0; user != logins.size(); ++user)
      logins[user].user = "user-" + std::to_string(user);
    messages::JudgeBatch order;
    order.ticket.id = logic::BatchId{sequence};
    order.ticket.place.sequence = logic::BatchSequence{sequence};
    order.batch = login_batch(std::move(logins),
                              static_cast<std::int64_t>(1000 * sequence));
    order.rows
      = logic::detection::LoginRowBuilder{logic::detection::DetectionConfig{}}
          .rows_of(*order.batch);
    return order;
  }

  /// What a detector is asked about of one batch, at most.
  static std::uint64_t largest_part() {
    const auto order = batch(0);
    std::array<logic::detection::ShardSet, 2> hosted;
    for (std::uint32_t shard = 0; shard != shard_count; ++shard)
      hosted[logic::detection::Detector::host_of(shard, 2)].set(shard);
    return std::max(logic::detection::part_bytes(*order.rows, hosted[0]),
                    logic::detection::part_bytes(*order.rows, hosted[1]));
  }

  auto ask() {
    auto answer = self->request(router, caf::infinite, batch(batches++));
    sched.run();
    return answer;
  }

  void answer_first(std::size_t number) {
    caf::anon_send(detectors[number]->current(), messages::InjectFault{});
    sched.run();
  }

  static std::vector<std::uint64_t> ids(const LateDetector& detector) {
    std::vector<std::uint64_t> ids;
    for (const auto& each : detector.asked)
      ids.push_back(each.order.ticket.id.value);
    return ids;
  }

  double credit(const std::string& state) const {
    return metric_value(*registry,
                        R"(millrace_credit_bytes{stage="anomaly_detector",)"
                        R"(state=")"
                          + state + "\"}")
      .value_or(-1);
  }
};

using Ids = std::vector<std::uint64_t>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(detector_credit_tests, Fixture)

CAF_TEST(a_slow_detector_holds_its_window_and_others_go_on) {
  start(2 * largest_part());
  std::vector<decltype(ask())> answers;
  for (int count = 0; count != 5; ++count) {
    answers.push_back(ask());
    if (count >= 2)
      answer_first(1);
  }
  CAF_CHECK_EQUAL(ids(late_ones[0]), (Ids{0, 1}));
  CAF_CHECK_EQUAL(ids(late_ones[1]), (Ids{3, 4}));
  CAF_CHECK_EQUAL(credit("granted"), static_cast<double>(4 * largest_part()));
  CAF_CHECK_GREATER(credit("used"), 0.0);
  CAF_CHECK_GREATER(credit("waiting"), 0.0);
  answer_first(0);
  CAF_CHECK_EQUAL(ids(late_ones[0]), (Ids{1, 2}));
  for (std::size_t number : {0, 1})
    while (!late_ones[number].asked.empty())
      answer_first(number);
  for (auto& answer : answers)
    answer.receive([](const messages::BatchJudged&) {},
                   [](const caf::error& error) { CAF_FAIL(error); });
  CAF_CHECK_EQUAL(credit("used"), 0.0);
  CAF_CHECK_EQUAL(credit("waiting"), 0.0);
}

CAF_TEST(the_successor_of_a_detector_is_asked_for_all_in_order) {
  start(largest_part());
  std::vector<decltype(ask())> answers;
  for (int count = 0; count != 3; ++count)
    answers.push_back(ask());
  CAF_CHECK_EQUAL(ids(late_ones[0]), (Ids{0}));
  spawn_detector(0, &successor);
  caf::anon_send(router, messages::DetectorReplaced{0, std::nullopt});
  sched.run();
  CAF_CHECK_EQUAL(ids(successor), (Ids{0}));
  for (const std::uint64_t next : {1, 2}) {
    answer_first(0);
    CAF_CHECK_EQUAL(ids(successor), (Ids{next}));
  }
  messages::JudgementRouterStatus status;
  auto answer = self->request(router, caf::infinite, messages::ReportStatus{});
  sched.run();
  answer.receive(
    [&](messages::JudgementRouterStatus& got) { status = std::move(got); },
    [](const caf::error& error) { CAF_FAIL(error); });
  CAF_REQUIRE_EQUAL(status.detectors.size(), 2u);
  CAF_CHECK_EQUAL(status.detectors[0].granted_bytes, largest_part());
  CAF_CHECK_EQUAL(status.detectors[0].waiting_bytes, 0u);
  CAF_CHECK_GREATER(status.detectors[0].used_bytes, 0u);
  CAF_CHECK_GREATER(status.detectors[1].waiting_bytes, 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
