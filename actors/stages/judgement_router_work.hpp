#pragma once

#include "actors/stages/judgement_router.hpp"
#include "actors/telemetry/credit_gauges.hpp"
#include "logic/delivery/forgotten_epochs.hpp"
#include "logic/delivery/resequencer.hpp"
#include "logic/detection/detector.hpp"
#include "logic/detection/judgement_questions.hpp"
#include "logic/detection/owner_book.hpp"
#include "logic/intake/credit_queue.hpp"
#include "logic/records/partition_offset.hpp"
#include "messages/detection.hpp"
#include "messages/lifecycle.hpp"
#include "messages/links.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"
#include "messages/wire/type_ids.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

/// Internal to the judgement router.
namespace millrace::actors {

namespace wire = messages::wire;
using logic::detection::Judge;
using logic::detection::JudgementQuestions;
using logic::detection::LoginRows;
using logic::detection::LoginRowsPtr;
using logic::detection::PeerIncarnation;
using logic::detection::ShardSet;

/// What a judgement router works on; outlives the actor.
class JudgementRouter {
public:
  static inline const char* name
    = name_of(logic::ActorKind::judgement_router).data();

  explicit JudgementRouter(JudgementRouterParameters parameters)
    : parameters_(std::move(parameters)),
      book_({.shard_count = parameters_.shard_count,
             .wait = parameters_.wait,
             .asked_bytes = parameters_.asked_bytes,
             .owed_bytes = parameters_.owed_bytes}),
      hosted_(parameters_.detectors.size()),
      lines_(parameters_.detectors.size(),
             DetectorLine{parameters_.detector_window_bytes}),
      detectors_credit_(metrics(),
                        name_of(logic::ActorKind::anomaly_detector)) {
    const auto detectors = static_cast<std::uint32_t>(hosted_.size());
    std::vector<logic::detection::OwnedShard> all;
    for (std::uint32_t shard = 0; shard != parameters_.shard_count; ++shard) {
      hosted_[logic::detection::Detector::host_of(shard, detectors)].set(shard);
      all.push_back({shard, 0});
    }
    if (parameters_.owns_all)
      book_.set_own(all);
  }

  void begin(JudgementRouterActor::pointer self);

  const Surroundings& surroundings() const { return parameters_.surroundings; }

  template <class Actor>
  static JudgementRouterActor::behavior_type behavior(Actor& actor) {
    return {
      actor.handle_with(&JudgementRouter::take_in),
      actor.handle_with(&JudgementRouter::advance_sequence),
      actor.handle_with(&JudgementRouter::forget),
      actor.handle_with(&JudgementRouter::take_successor),
      actor.handle_with(&JudgementRouter::take_own),
      actor.handle_with(&JudgementRouter::answer_peer),
      actor.handle_with(&JudgementRouter::link_up),
      actor.handle_with(&JudgementRouter::link_down),
      actor.handle_with(&JudgementRouter::take_owners),
      actor.handle_with(&JudgementRouter::take_credit),
      actor.handle_with(&JudgementRouter::end_waits),
      actor.handle_with(&JudgementRouter::report),
      answer_heartbeats(actor.self()),
      obey_faults(actor.surroundings()),
    };
  }

private:
  using Promise = caf::typed_response_promise<messages::BatchJudged>;
  using PeerPromise = caf::typed_response_promise<wire::JudgeAnswer>;
  using Due = JudgementQuestions::Due;
  using DetectorLine = logic::CreditQueue<Due>;

  /// Who waits for the answer: an enricher with its batch, or a peer.
  struct Asker {
    messages::JudgeBatch order; ///< without a batch where a peer asks
    Promise promise;
    PeerPromise peer_promise;
  };

  /// Rows that were put to a peer.
  struct Sent {
    PeerIncarnation peer = 0;
    LoginRowsPtr rows;
    ShardSet shards;
    std::size_t bytes = 0;
    std::optional<Due> due; ///< none: it is told only, nobody waits
  };

  Metrics& metrics() const { return *parameters_.surroundings.metrics; }
  JudgementQuestions::Time now() const { return self_->clock().now(); }

  // -- Questions --------------------------------------------------------------

  caf::result<messages::BatchJudged> take_in(const messages::JudgeBatch& order);
  void advance_sequence(const messages::AdvanceSequence& news);
  void forget(const messages::ForgetPartitions& order);
  caf::result<wire::JudgeAnswer> answer_peer(const wire::JudgeRequest& request);
  void tell_of_turn(const Asker& due);
  void ask(Asker& asker);
  void add_owners(JudgementQuestions::Number number, const LoginRows& rows,
                  const ShardSet& shards);
  void add_detectors(JudgementQuestions::Number number, const LoginRows& rows,
                     const ShardSet& shards);
  void add(JudgementQuestions::Number number, const LoginRows& rows,
           const Judge& judge, const ShardSet& shards);
  void ask_parts(JudgementQuestions::Number number);
  void ask_part(Due due);

  // -- Answers ----------------------------------------------------------------

  void take_answer(Due due, logic::ShardJudgementsPtr judgements);
  /// What a judge answered; the shards that it has not are asked about
  /// elsewhere.
  void take_judgements(const Judge& judge, const LoginRowsPtr& rows,
                       const ShardSet& shards, std::optional<Due> due,
                       const logic::ShardJudgementsPtr& judgements);
  void finish_if_answered(JudgementQuestions::Number number);
  void refuse(JudgementQuestions::Number number, const caf::error& error);
  void give_up(Due due);
  void count_unjudged(const logic::ShardJudgements& judgements);
  bool is_peers(Due due) const;

  // -- Detectors of this node -------------------------------------------------

  void ask_detector(Due due, std::size_t detector, const ShardSet& shards);
  void pump_detector(std::size_t detector);
  void send_to_detector(std::size_t detector, Due due,
                        std::optional<DetectorLine::Loan> loan);
  void show_credit();
  void take_successor(const messages::DetectorReplaced& news);

  // -- Peers ------------------------------------------------------------------

  void ask_peer(Due due, PeerIncarnation incarnation, const ShardSet& shards);

  /// False where the peer is gone or has too much to answer already.
  bool send_to_peer(PeerIncarnation incarnation, const LoginRowsPtr& rows,
                    const ShardSet& shards, std::optional<Due> due);
  void take_peer_answer(const Sent& sent, const wire::JudgeAnswer& answer);
  void take_peer_error(const Sent& sent);
  void give_back(const Sent& sent);
  void use_credit(PeerIncarnation incarnation);
  void tell_of_nonsense(std::string_view what, const logic::Error& error);

  // -- Waiting ----------------------------------------------------------------

  void keep_ticking();
  void wait_for_owner(Due due, const ShardSet& shards);
  void owe(Due due, const ShardSet& shards);
  void end_waits(messages::Tick);

  // -- Who owns what ----------------------------------------------------------

  messages::ShardsOutdone take_own(const messages::OwnShards& news);
  void link_up(const messages::LinkUp& news);
  void link_down(const messages::LinkDown& news);
  void take_owners(const messages::PeerOwners& news);
  void take_credit(const messages::PeerCredit& news);
  messages::JudgementsStatus report(messages::ReportStatus);
  void ask_found();
  void pay_debts();
  void pay(const logic::detection::OwedRows::Debt& debt, ShardSet& unpaid);
  void tell_detector(std::size_t detector, const LoginRowsPtr& rows,
                     const ShardSet& shards);
  void ask_elsewhere(Due due, ShardSet shards, logic::ShardJudgements so_far);
  /// `shards` may be those of a part, which moves when one is added.
  void ask_owners_of(Due due, ShardSet shards, logic::ShardJudgements so_far);

  JudgementRouterActor::pointer self_ = nullptr;
  JudgementRouterParameters parameters_;
  logic::detection::OwnerBook book_;
  std::vector<ShardSet> hosted_; ///< by detector: what it may host
  /// Who is asked: a successor only once the news of it is here, so that it
  /// gets what is older first.
  std::vector<AnomalyDetectorActor> detectors_;
  std::vector<DetectorLine> lines_; ///< what waits for each
  CreditGauges detectors_credit_; ///< of all together
  std::map<PeerIncarnation, caf::actor> links_;
  JudgementQuestions questions_;
  std::map<JudgementQuestions::Number, Asker> askers_;
  /// Peers that are owed more than they had credit for.
  std::set<PeerIncarnation> short_of_credit_;
  bool ticking_ = false;
  std::uint64_t judged_here_ = 0;
  std::map<logic::PartitionEpoch, logic::Resequencer<Asker>> resequencers_;
  logic::ForgottenEpochs forgotten_;
};

} // namespace millrace::actors
