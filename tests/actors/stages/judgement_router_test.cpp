#define CAF_SUITE judgement_router

#include "actors/stages/judgement_router.hpp"

#include "actors/stages/anomaly_detector.hpp"
#include "logic/detection/judgement_codec.hpp"
#include "messages/detection.hpp"
#include "messages/links.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/wire/type_ids.hpp"

#include "caf/test/dsl.hpp"

#include "tests/logic/detection/batch_detector.hpp"
#include "tests/logic/detection/login_batch.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/support/memory_log.hpp"
#include "tests/support/metric_text.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <prometheus/registry.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace millrace;
using namespace millrace::tests;
using namespace std::chrono_literals;
using logic::detection::OwnedShard;

namespace {

namespace wire = messages::wire;

constexpr std::uint32_t shard_count = 32;
constexpr std::uint64_t peer_incarnation = 77;

/// Another node that owns shards and answers, or does not.
struct OtherNode {
  BatchDetector detector{logic::detection::DetectionConfig{}};
  std::vector<std::size_t> asked; ///< rows of users in each question
  bool silent = false;
  std::optional<wire::JudgeAnswer> instead;
  std::vector<caf::typed_response_promise<wire::JudgeAnswer>> unanswered;

  wire::JudgeAnswer judge(const wire::JudgeRequest& request) {
    auto rows = logic::detection::decode_rows(request.rows, shard_count);
    CAF_REQUIRE(rows);
    asked.push_back(rows->users.size());
    const std::vector<logic::ShardJudgementsPtr> judgements{
      std::make_shared<logic::ShardJudgements>(
        detector.Detector::judge(*rows))};
    return instead.value_or(wire::JudgeAnswer{
      logic::detection::encode_judgements(*rows, judgements)});
  }
};

caf::behavior link_to(caf::event_based_actor* self, OtherNode* node) {
  return {
    [self, node](
      const wire::JudgeRequest& request) -> caf::result<wire::JudgeAnswer> {
      auto promise = self->make_response_promise<wire::JudgeAnswer>();
      auto answer = node->judge(request);
      if (node->silent)
        node->unanswered.push_back(promise);
      else
        promise.deliver(std::move(answer));
      return promise;
    },
  };
}

struct Fixture : test_coordinator_fixture<> {
  std::shared_ptr<prometheus::Registry> registry
    = std::make_shared<prometheus::Registry>();
  std::shared_ptr<MemoryLog> log = std::make_shared<MemoryLog>();
  actors::Surroundings around{log, std::make_shared<actors::Metrics>(registry),
                              std::make_shared<VirtualClock>(1'730'000'000'000),
                              nullptr};
  OtherNode other;
  caf::actor link;
  std::vector<actors::RegisteredActorPtr<actors::AnomalyDetectorActor>>
    detectors;
  actors::JudgementRouterActor router;
  std::uint64_t batches = 0;

  ~Fixture() override {
    for (const auto& detector : detectors)
      caf::anon_send_exit(detector->current(), caf::exit_reason::kill);
    caf::anon_send_exit(router, caf::exit_reason::kill);
    caf::anon_send_exit(link, caf::exit_reason::kill);
    run();
  }

  /// Messages, but no time passes.
  void run() { consume_messages(); }

  void start(bool owns_all) {
    link = sys.spawn(link_to, &other);
    for (std::uint32_t number = 0; number != 2; ++number) {
      actors::AnomalyDetectorParameters parameters;
      parameters.number = number;
      parameters.detector_count = 2;
      parameters.mark = std::make_shared<actors::WorkMark>();
      parameters.surroundings = around;
      auto started = actors::anomaly_detectors(sys, std::move(parameters))(
        logic::Incarnation{1});
      CAF_REQUIRE(started);
      auto& detector = detectors.emplace_back(
        std::make_shared<
          actors::RegisteredActor<actors::AnomalyDetectorActor>>());
      detector->assign(std::move(*started));
    }
    actors::JudgementRouterParameters parameters;
    parameters.shard_count = shard_count;
    parameters.owns_all = owns_all;
    parameters.detectors = detectors;
    parameters.surroundings = around;
    auto started = actors::judgement_routers(sys, std::move(parameters))(
      logic::Incarnation{1});
    CAF_REQUIRE(started);
    router = *started;
    run();
  }

  static std::vector<OwnedShard> shards(std::uint32_t first,
                                        std::uint32_t end) {
    std::vector<OwnedShard> owned;
    for (auto shard = first; shard != end; ++shard)
      owned.push_back({shard, 1});
    return owned;
  }

  void own(std::uint32_t first, std::uint32_t end) {
    caf::anon_send(router, messages::OwnShards{shards(first, end)});
    run();
  }

  void link_up() {
    messages::LinkUp up;
    up.peer.node.incarnation = peer_incarnation;
    up.peer.link = link;
    caf::anon_send(router, up);
    run();
  }

  void other_owns(std::uint32_t first, std::uint32_t end) {
    messages::PeerOwners owners;
    owners.incarnation = peer_incarnation;
    for (const auto& [shard, generation] : shards(first, end))
      owners.shards.push_back({shard, generation});
    caf::anon_send(router, owners);
    run();
  }

  auto ask(std::vector<LoginText> logins, std::uint64_t sequence) {
    messages::JudgeBatch order;
    order.ticket.id = logic::BatchId{sequence};
    order.ticket.place.sequence = logic::BatchSequence{sequence};
    order.batch = login_batch(std::move(logins),
                              static_cast<std::int64_t>(1000 * sequence));
    order.rows
      = logic::detection::LoginRowBuilder{logic::detection::DetectionConfig{}}
          .rows_of(*order.batch);
    return self->request(router, caf::infinite, order);
  }

  auto ask_next(std::vector<LoginText> logins) {
    return ask(std::move(logins), batches++);
  }

  /// Of an answer that is there: by event, each once.
  template <class Answer>
  std::vector<logic::Judgement> take(Answer& answer, std::size_t events) {
    std::vector<logic::Judgement> judgements(events);
    std::size_t found = 0;
    answer.receive(
      [&](const messages::BatchJudged& judged) {
        for (const auto& part : judged.judgements)
          for (std::size_t index = 0; index != part->events.size(); ++index) {
            judgements.at(part->events[index]) = part->judgements[index];
            ++found;
          }
      },
      [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    CAF_CHECK_EQUAL(found, events);
    return judgements;
  }

  static std::size_t unjudged(const std::vector<logic::Judgement>& all) {
    return static_cast<std::size_t>(std::ranges::count_if(
      all, [](const auto& each) { return !each.judged; }));
  }

  double count(const std::string& name) {
    return metric_value(*registry, name).value_or(0.0);
  }
};

/// Enough users for all shards.
std::vector<LoginText> many_users() {
  std::vector<LoginText> logins(400);
  for (std::size_t user = 0; user != logins.size(); ++user)
    logins[user].user = "user-" + std::to_string(user);
  return logins;
}

std::vector<LoginText> burst(std::size_t logins) {
  return std::vector<LoginText>(logins);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(judgement_router_tests, Fixture)

CAF_TEST(a_node_alone_judges_all_by_its_detectors) {
  start(true);
  auto answer = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(unjudged(take(answer, 400)), 0u);
  auto again = ask_next(burst(11));
  run();
  CAF_CHECK(take(again, 11)[10].has(logic::Rule::velocity));
}

CAF_TEST(batches_of_a_partition_are_judged_in_their_order) {
  start(true);
  auto second = ask(burst(5), 1);
  run();
  auto first = ask(burst(6), 0);
  run();
  CAF_CHECK(!take(first, 6)[5].has(logic::Rule::velocity));
  CAF_CHECK(take(second, 5)[4].has(logic::Rule::velocity));
}

CAF_TEST(what_another_node_owns_is_judged_there) {
  start(false);
  link_up();
  own(0, 16);
  other_owns(16, 32);
  auto answer = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(unjudged(take(answer, 400)), 0u);
  CAF_REQUIRE_EQUAL(other.asked.size(), 1u);
  CAF_CHECK(other.asked[0] > 150 && other.asked[0] < 250);
  CAF_CHECK_EQUAL(count("millrace_events_judged_elsewhere_total"),
                  static_cast<double>(other.asked[0]));
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
}

CAF_TEST(a_peer_that_is_late_costs_its_own_events_once) {
  start(false);
  link_up();
  own(0, 16);
  other_owns(16, 32);
  other.silent = true;
  auto first = ask_next(many_users());
  run();
  advance_time(150ms);
  run();
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
  advance_time(100ms);
  run();
  CAF_CHECK_EQUAL(unjudged(take(first, 400)), other.asked[0]);
  CAF_CHECK_EQUAL(count("millrace_peers_late_total"), 1.0);
  // It is asked still, but not waited for.
  auto second = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(unjudged(take(second, 400)), other.asked[1]);
  // Once it answers in time it is waited for again.
  other.silent = false;
  auto third = ask_next(many_users());
  run();
  take(third, 400);
  auto fourth = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(unjudged(take(fourth, 400)), 0u);
}

CAF_TEST(a_peer_that_is_gone_or_talks_nonsense_is_not_waited_for) {
  start(false);
  link_up();
  own(0, 16);
  other_owns(16, 32);
  other.instead = wire::JudgeAnswer{"nonsense"};
  auto first = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(unjudged(take(first, 400)), other.asked[0]);
  CAF_CHECK_EQUAL(log->count("an answer that makes no sense"), 1u);
  other.instead.reset();
  caf::anon_send_exit(link, caf::exit_reason::kill);
  run();
  auto second = ask_next(many_users());
  run();
  CAF_CHECK_GREATER(unjudged(take(second, 400)), 0u);
}

CAF_TEST(who_starts_waits_for_owners_and_asks_them_then) {
  start(false);
  auto answer = ask_next(many_users());
  run();
  advance_time(5s);
  run();
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
  link_up();
  own(0, 16);
  other_owns(16, 32);
  CAF_CHECK_EQUAL(unjudged(take(answer, 400)), 0u);
}

CAF_TEST(an_owner_that_is_found_late_is_told_what_it_missed) {
  start(false);
  link_up();
  own(0, 32);
  own(0, 0); // they are to move
  auto unowned = ask_next(burst(8));
  run();
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
  advance_time(250ms);
  run();
  CAF_CHECK_EQUAL(unjudged(take(unowned, 8)), 8u);
  // The next are not even waited for.
  auto more = ask_next(burst(2));
  run();
  CAF_CHECK_EQUAL(unjudged(take(more, 2)), 2u);
  other_owns(0, 32);
  CAF_CHECK_EQUAL(other.asked, (std::vector<std::size_t>{8, 2}));
  auto last = ask_next(burst(1));
  run();
  CAF_CHECK(take(last, 1)[0].has(logic::Rule::velocity));
}

CAF_TEST(questions_of_peers_are_answered) {
  start(true);
  const auto rows
    = logic::detection::LoginRowBuilder{logic::detection::DetectionConfig{}}
        .rows_of(*login_batch(burst(12)));
  const auto all = logic::detection::ShardSet{}.set();
  auto answer = self->request(
    router, caf::infinite,
    wire::JudgeRequest{logic::detection::encode_rows(*rows, all)});
  run();
  answer.receive(
    [&](const wire::JudgeAnswer& judged) {
      const auto decoded = logic::detection::decode_judgements(
        judged.judgements, *rows, all);
      CAF_REQUIRE(decoded);
      CAF_CHECK(decoded->judgements[11].has(logic::Rule::velocity));
    },
    [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
  CAF_CHECK_EQUAL(count("millrace_events_judged_for_others_total"), 12.0);
  bool refused = false;
  auto bad = self->request(router, caf::infinite, wire::JudgeRequest{"x"});
  run();
  bad.receive([](const wire::JudgeAnswer&) {},
              [&](const caf::error&) { refused = true; });
  CAF_CHECK(refused);
  CAF_CHECK_EQUAL(log->count("a question that makes no sense"), 1u);
}

CAF_TEST(the_successor_of_a_detector_is_asked_again) {
  start(true);
  for (const auto& detector : detectors)
    caf::anon_send_exit(detector->current(), caf::exit_reason::kill);
  run();
  auto answer = ask_next(many_users());
  run();
  for (std::uint32_t number = 0; number != 2; ++number) {
    actors::AnomalyDetectorParameters parameters;
    parameters.number = number;
    parameters.detector_count = 2;
    parameters.mark = std::make_shared<actors::WorkMark>();
    parameters.surroundings = around;
    auto started = actors::anomaly_detectors(sys, std::move(parameters))(
      logic::Incarnation{2});
    detectors[number]->assign(std::move(*started));
    caf::anon_send(router, messages::DetectorReplaced{number, std::nullopt});
  }
  run();
  CAF_CHECK_EQUAL(unjudged(take(answer, 400)), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
