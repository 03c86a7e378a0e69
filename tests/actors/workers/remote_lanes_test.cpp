#define CAF_SUITE remote_lanes

#include "actors/workers/remote_lanes.hpp"

#include "caf/test/dsl.hpp"

#include "logic/detection/judgement_codec.hpp"
#include "logic/detection/login_rows_codec.hpp"
#include "logic/encoding/additions_codec.hpp"
#include "logic/records/batch_codec.hpp"
#include "messages/insights.hpp"
#include "messages/links.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"
#include "messages/wire/type_ids.hpp"
#include "messages/workers.hpp"
#include "tests/logic/detection/login_batch.hpp"
#include "tests/simulation/simulated_kafka.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/support/memory_log.hpp"
#include "tests/support/metric_text.hpp"

#include <caf/event_based_actor.hpp>

#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::tests;
using namespace std::chrono_literals;

namespace {

namespace wire = messages::wire;

constexpr std::uint32_t shard_count = 32;

/// What was said to whoever stands around the remote lanes.
struct Heard {
  std::vector<messages::AttachLane> attached;
  std::vector<messages::DetachLane> detached;
  std::vector<messages::BatchFailed> failed;
  std::vector<messages::BatchLeftLane> left;
  std::vector<messages::ProduceBatch> produced;
  std::vector<std::string> insights;
  std::vector<messages::JudgeBatch> asked;
  int listed = 0;
  // At the worker.
  int opened = 0;
  std::vector<wire::LaneWork> work;
  std::vector<wire::LaneAnswer> answers;
  std::vector<wire::LaneDrop> drops;
};

/// Dispatcher, producer, router and links in one.
caf::behavior surroundings_of(caf::event_based_actor*, Heard* heard) {
  return {
    [=](messages::AttachLane& order) { heard->attached.push_back(order); },
    [=](messages::DetachLane& order) {
      if (order.lane < 4)
        heard->detached.push_back(order);
    },
    [=](messages::BatchFailed& report) { heard->failed.push_back(report); },
    [=](messages::BatchLeftLane& report) { heard->left.push_back(report); },
    [=](messages::ProduceBatch& order) { heard->produced.push_back(order); },
    [=](messages::PublishInsight& order) {
      heard->insights.push_back(*order.json);
    },
    [=](messages::FenceLane) {},
    [=](messages::ListPeers) { ++heard->listed; },
    [=](messages::JudgeBatch& order) -> caf::result<messages::BatchJudged> {
      heard->asked.push_back(order);
      auto part = std::make_shared<logic::ShardJudgements>(
        logic::detection::unjudged(*order.rows,
                                   logic::detection::ShardSet{}.set()));
      return messages::BatchJudged{{part}};
    },
  };
}

caf::behavior link_of(caf::event_based_actor*, Heard* heard) {
  return {
    [=](wire::LaneOpen) { ++heard->opened; },
    [=](wire::LaneWork& work) { heard->work.push_back(work); },
    [=](wire::LaneAnswer& answer) { heard->answers.push_back(answer); },
    [=](wire::LaneDrop& drop) { heard->drops.push_back(drop); },
  };
}

template <class Handle>
actors::RegisteredActorPtr<Handle> registered(const caf::actor& actor) {
  auto result = std::make_shared<actors::RegisteredActor<Handle>>();
  result->assign(caf::actor_cast<Handle>(actor));
  return result;
}

struct Fixture : test_coordinator_fixture<> {
  Heard heard;
  std::shared_ptr<prometheus::Registry> registry
    = std::make_shared<prometheus::Registry>();
  std::shared_ptr<MemoryLog> log = std::make_shared<MemoryLog>();
  caf::actor around = sys.spawn(surroundings_of, &heard);
  caf::actor worker = sys.spawn(link_of, &heard);
  actors::RegisteredActorPtr<actors::RemoteLanesActor> address
    = std::make_shared<actors::RegisteredActor<actors::RemoteLanesActor>>();
  actors::RemoteLanesActor lanes;

  Fixture() {
    actors::RemoteLanesParameters parameters;
    parameters.incarnation = logic::Incarnation{3};
    parameters.first_lane = 2;
    parameters.shard_count = shard_count;
    parameters.dispatcher = registered<actors::DispatcherActor>(around);
    parameters.producer = registered<actors::ProducerActor>(around);
    parameters.router = registered<actors::JudgementRouterActor>(around);
    parameters.links = registered<actors::LinksActor>(around);
    parameters.address = address;
    parameters.surroundings = {log, std::make_shared<actors::Metrics>(registry),
                               std::make_shared<VirtualClock>(1), nullptr};
    lanes = actors::spawn_remote_lanes(sys, std::move(parameters));
    address->assign(lanes);
    run();
    heard.detached.clear();
  }

  ~Fixture() override {
    address->assign({});
    for (const auto& actor : {around, worker})
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    caf::anon_send_exit(lanes, caf::exit_reason::kill);
    run();
  }

  void run() { sched.run(); }

  void link(logic::links::NodeRole role = logic::links::NodeRole::worker) {
    messages::Peer peer;
    peer.node.name = "w1";
    peer.node.role = role;
    peer.node.incarnation = 77;
    peer.link = worker;
    caf::anon_send(lanes, messages::LinkUp{peer});
    run();
  }

  /// The worker says it, over its link.
  template <class Message>
  void say(Message message) {
    caf::send_as(worker, lanes, std::move(message));
    run();
  }

  /// Links the worker and has it grant credit.
  void begin() {
    link();
    say(wire::LaneWindow{1, 1'000'000});
    CAF_REQUIRE_EQUAL(heard.attached.size(), 1u);
  }

  static logic::RecordBatchPtr batch() {
    return make_batch({login_json("u-1"), "no json"}, 40);
  }

  /// Deals a batch to the lane; the number that the worker gets.
  std::uint64_t deal(std::uint64_t id = 9) {
    logic::BatchTicket ticket;
    ticket.id = logic::BatchId{id};
    ticket.lane = heard.attached.back().lane;
    ticket.lane_incarnation = heard.attached.back().incarnation;
    const auto before = heard.work.size();
    caf::anon_send(lanes, messages::ValidateBatch{ticket, batch()});
    run();
    CAF_REQUIRE_EQUAL(heard.work.size(), before + 1);
    return heard.work.back().number;
  }

  /// What a worker makes of the batch.
  static std::string additions() {
    logic::EncodedBatch encoded;
    encoded.raw = batch();
    encoded.bytes = R"({"x":1})";
    encoded.details = {"why"};
    logic::EncodedRecord output;
    output.length = static_cast<std::uint32_t>(encoded.bytes.size());
    logic::EncodedRecord dead;
    dead.record = 1;
    dead.dead = true;
    encoded.records = {output, dead};
    return logic::encode_additions(encoded);
  }

  static std::string rows(std::int64_t first = 40) {
    logic::detection::LoginRowBuilder builder{{}};
    auto all = *builder.rows_of(*login_batch({{.user = "u"}}, first));
    all.topic = "user-login";
    all.partition = logic::PartitionId{0};
    all.first = logic::Offset{first};
    all.last = logic::Offset{first + 1};
    return logic::detection::encode_rows(all,
                                         logic::detection::ShardSet{}.set());
  }

  double ignored() const {
    return metric_value(*registry, "millrace_worker_messages_ignored_total")
      .value_or(0);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(remote_lanes_tests, Fixture)

CAF_TEST(a_worker_becomes_a_lane_with_what_it_grants) {
  CAF_CHECK_EQUAL(heard.listed, 1);
  link(logic::links::NodeRole::all);
  CAF_CHECK_EQUAL(heard.opened, 0);
  link();
  CAF_CHECK_EQUAL(heard.opened, 1);
  CAF_CHECK(heard.attached.empty());
  say(wire::LaneWindow{1, 5'000});
  CAF_REQUIRE_EQUAL(heard.attached.size(), 1u);
  CAF_CHECK_EQUAL(heard.attached[0].lane, 2u);
  CAF_CHECK_EQUAL(heard.attached[0].window_bytes, 5'000u);
  CAF_CHECK(heard.attached[0].first_stage == lanes);
  say(wire::LaneWindow{1, 4'000});
  CAF_REQUIRE_EQUAL(heard.attached.size(), 2u);
  CAF_CHECK(heard.attached[1].incarnation == heard.attached[0].incarnation);
  CAF_CHECK_EQUAL(heard.attached[1].window_bytes, 4'000u);
}

CAF_TEST(a_batch_goes_out_raw_and_comes_back_whole) {
  begin();
  const auto number = deal();
  CAF_CHECK(heard.work[0].first_try);
  const auto sent = logic::decode_batch(heard.work[0].batch, 10);
  CAF_REQUIRE(sent);
  CAF_CHECK_EQUAL((*sent)->size(), 2u);
  say(wire::LaneQuestion{number, rows()});
  CAF_REQUIRE_EQUAL(heard.asked.size(), 1u);
  CAF_CHECK(heard.asked[0].ticket.id == logic::BatchId{9});
  CAF_CHECK_EQUAL(heard.asked[0].raw()->size(), 2u);
  CAF_REQUIRE_EQUAL(heard.answers.size(), 1u);
  CAF_CHECK_EQUAL(heard.answers[0].number, number);
  say(wire::LaneResult{number, additions()});
  CAF_REQUIRE_EQUAL(heard.produced.size(), 1u);
  CAF_CHECK(heard.produced[0].ticket.id == logic::BatchId{9});
  CAF_CHECK_EQUAL(heard.produced[0].batch->bytes, R"({"x":1})");
  CAF_CHECK_EQUAL(heard.produced[0].batch->raw->size(), 2u);
  CAF_REQUIRE_EQUAL(heard.left.size(), 1u);
  // Once is enough.
  say(wire::LaneResult{number, additions()});
  CAF_CHECK_EQUAL(heard.produced.size(), 1u);
  CAF_CHECK_EQUAL(ignored(), 0.0);
}

CAF_TEST(failures_go_to_the_dispatcher_under_names_of_stages) {
  begin();
  say(wire::LaneFailed{deal(1), true, "encoder", "a bug"});
  say(wire::LaneFailed{deal(2), false, "my own invention", "\x01\xff"});
  CAF_REQUIRE_EQUAL(heard.failed.size(), 2u);
  CAF_CHECK(heard.failed[0].guilty);
  CAF_CHECK_EQUAL(heard.failed[0].stage, "encoder");
  CAF_CHECK_EQUAL(heard.failed[0].text, "a bug");
  CAF_CHECK(!heard.failed[1].guilty);
  CAF_CHECK_EQUAL(heard.failed[1].stage, "remote_lanes");
  CAF_CHECK_EQUAL(heard.failed[1].text, "  ");
}

CAF_TEST(a_lane_that_is_gone_is_detached_and_late_answers_are_ignored) {
  begin();
  const auto number = deal();
  const auto life = heard.attached[0].incarnation;
  caf::anon_send(lanes, messages::LinkDown{77, "w1", "gone"});
  run();
  CAF_REQUIRE_EQUAL(heard.detached.size(), 1u);
  CAF_CHECK_EQUAL(heard.detached[0].lane, 2u);
  CAF_CHECK(heard.detached[0].incarnation == life);
  say(wire::LaneResult{number, additions()});
  CAF_CHECK(heard.produced.empty());
  link();
  say(wire::LaneWindow{1, 1'000});
  CAF_CHECK(heard.attached.back().incarnation > life);
  say(wire::LaneResult{number, additions()});
  CAF_CHECK(heard.produced.empty());
}

CAF_TEST(another_life_of_the_worker_is_another_life_of_the_lane) {
  begin();
  const auto number = deal();
  say(wire::LaneWindow{2, 1'000'000});
  CAF_REQUIRE_EQUAL(heard.attached.size(), 2u);
  CAF_CHECK(heard.attached[1].incarnation > heard.attached[0].incarnation);
  say(wire::LaneResult{number, additions()});
  CAF_CHECK(heard.produced.empty());
  say(wire::LaneResult{deal(), additions()});
  CAF_CHECK_EQUAL(heard.produced.size(), 1u);
}

CAF_TEST(strangers_and_peers_that_are_no_workers_are_not_listened_to) {
  begin();
  const auto number = deal();
  const auto stranger = sys.spawn(link_of, &heard);
  const auto says = [&](auto message) {
    caf::send_as(stranger, lanes, std::move(message));
    run();
  };
  says(wire::LaneResult{number, additions()});
  says(wire::LaneWindow{1, ~std::uint64_t{0}});
  says(wire::LaneQuestion{number, rows()});
  says(wire::LaneFailed{number, true, "encoder", ""});
  says(wire::LaneInsight{"{}"});
  CAF_CHECK_EQUAL(ignored(), 5.0);
  CAF_CHECK(heard.produced.empty());
  CAF_CHECK(heard.failed.empty());
  CAF_CHECK(heard.asked.empty());
  CAF_CHECK(heard.insights.empty());
  CAF_CHECK_EQUAL(heard.attached.size(), 1u);
  caf::anon_send_exit(stranger, caf::exit_reason::kill);
  // The worker itself still is.
  say(wire::LaneInsight{"{}"});
  CAF_CHECK_EQUAL(heard.insights.size(), 1u);
  say(wire::LaneResult{number, additions()});
  CAF_CHECK_EQUAL(heard.produced.size(), 1u);
}

CAF_TEST(a_worker_that_answers_nonsense_gets_no_more_work) {
  begin();
  say(wire::LaneResult{deal(), "what?"});
  CAF_CHECK_EQUAL(heard.detached.size(), 1u);
  CAF_CHECK_EQUAL(ignored(), 1.0);
  say(wire::LaneWindow{9, 1'000});
  CAF_CHECK_EQUAL(heard.attached.size(), 1u);
}

CAF_TEST(questions_about_another_batch_are_nonsense) {
  begin();
  say(wire::LaneQuestion{deal(), rows(50)});
  CAF_CHECK(heard.asked.empty());
  CAF_CHECK_EQUAL(heard.detached.size(), 1u);
  CAF_CHECK_EQUAL(ignored(), 1.0);
}

CAF_TEST(a_repeat_says_which_lanes_there_are_and_are_not) {
  begin();
  caf::anon_send(lanes, messages::RepeatLanes{});
  run();
  CAF_REQUIRE_EQUAL(heard.attached.size(), 2u);
  CAF_CHECK(heard.attached[1].incarnation == heard.attached[0].incarnation);
  CAF_REQUIRE_EQUAL(heard.detached.size(), 1u);
  CAF_CHECK_EQUAL(heard.detached[0].lane, 3u);
}

CAF_TEST_FIXTURE_SCOPE_END()
