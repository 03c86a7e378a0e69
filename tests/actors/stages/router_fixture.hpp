#pragma once

#include "actors/stages/anomaly_detector.hpp"
#include "actors/stages/judgement_router.hpp"
#include "logic/detection/judgement_codec.hpp"
#include "logic/detection/login_rows_codec.hpp"
#include "messages/detection.hpp"
#include "messages/lifecycle.hpp"
#include "messages/links.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"
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

namespace millrace::tests {

namespace wire = messages::wire;

inline constexpr std::uint32_t shard_count = 32;
inline constexpr std::uint64_t peer_incarnation = 77;

/// Another node that owns shards and answers, or does not.
struct OtherNode {
  BatchDetector detector{logic::detection::DetectionConfig{}};
  std::vector<std::size_t> asked; ///< rows of users in each question
  bool silent = false;
  std::optional<wire::JudgeAnswer> instead;
  std::vector<std::pair<wire::JudgeRequest,
                        caf::typed_response_promise<wire::JudgeAnswer>>>
    unanswered;

  void hand_over() {
    for (std::uint32_t shard = 0; shard != shard_count; ++shard)
      detector.state(shard)->handed_over = true;
  }

  void give_up_all() {
    for (std::uint32_t shard = 0; shard != shard_count; ++shard)
      detector.give_up(shard);
  }

  /// As things are now, and not as they were when it was asked.
  void answer_all() {
    for (auto& [request, promise] : std::exchange(unanswered, {}))
      promise.deliver(judge_again(request));
  }

  void answer_oldest() {
    auto [request, promise] = std::move(unanswered.front());
    unanswered.erase(unanswered.begin());
    promise.deliver(judge_again(request));
  }

  wire::JudgeAnswer judge_again(const wire::JudgeRequest& request) {
    asked.pop_back(); // it is counted again
    return judge(request);
  }

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

inline caf::behavior link_to(caf::event_based_actor* self, OtherNode* node) {
  return {
    [self, node](
      const wire::JudgeRequest& request) -> caf::result<wire::JudgeAnswer> {
      auto promise = self->make_response_promise<wire::JudgeAnswer>();
      auto answer = node->judge(request);
      if (node->silent)
        node->unanswered.emplace_back(request, promise);
      else
        promise.deliver(std::move(answer));
      return promise;
    },
    // A promise is for its actor alone.
    [node](messages::Tick) { node->answer_all(); },
    [node](caf::tick_atom) { node->answer_oldest(); },
    [self, node](messages::ListPeers) {
      node->unanswered.clear();
      self->quit();
    },
  };
}

struct RouterFixture : test_coordinator_fixture<> {
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

  ~RouterFixture() override {
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

  static std::vector<logic::detection::OwnedShard>
  shards(std::uint32_t first, std::uint32_t end, std::uint64_t generation = 1) {
    std::vector<logic::detection::OwnedShard> owned;
    for (auto shard = first; shard != end; ++shard)
      owned.push_back({shard, generation});
    return owned;
  }

  /// The link goes, and with it what was not answered.
  void end_link() {
    caf::anon_send(link, messages::ListPeers{});
    run();
  }

  void answer_all() {
    caf::anon_send(link, messages::Tick{});
    run();
  }

  void answer_oldest() {
    caf::anon_send(link, caf::tick_atom_v);
    run();
  }

  void own(std::uint32_t first, std::uint32_t end,
           std::uint64_t generation = 1) {
    caf::anon_send(router, messages::OwnShards{shards(first, end, generation)});
    run();
  }

  void link_up(std::size_t credit_bytes = 1U << 20U) {
    messages::LinkUp up;
    up.peer.node.incarnation = peer_incarnation;
    up.peer.link = link;
    caf::anon_send(router, up);
    caf::anon_send(router,
                   messages::PeerCredit{peer_incarnation, credit_bytes});
    run();
  }

  void other_owns(std::uint32_t first, std::uint32_t end,
                  std::uint64_t generation = 1) {
    messages::PeerOwners owners;
    owners.incarnation = peer_incarnation;
    for (const auto& [shard, gen] : shards(first, end, generation))
      owners.shards.push_back({shard, gen});
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
inline std::vector<LoginText> many_users() {
  std::vector<LoginText> logins(400);
  for (std::size_t user = 0; user != logins.size(); ++user)
    logins[user].user = "user-" + std::to_string(user);
  return logins;
}

inline std::vector<LoginText> burst(std::size_t logins) {
  return std::vector<LoginText>(logins);
}

} // namespace millrace::tests
