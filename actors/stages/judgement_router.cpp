#include "actors/stages/judgement_router.hpp"

#include "logic/delivery/forgotten_epochs.hpp"
#include "logic/delivery/resequencer.hpp"
#include "logic/detection/detector.hpp"
#include "logic/detection/judgement_codec.hpp"
#include "logic/detection/shard_owners.hpp"
#include "logic/records/partition_offset.hpp"
#include "messages/detection.hpp"
#include "messages/lifecycle.hpp"
#include "messages/links.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/wire/type_ids.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

namespace millrace::actors {

namespace {

namespace wire = messages::wire;
using logic::detection::LoginRowsPtr;
using logic::detection::PeerIncarnation;
using logic::detection::ShardSet;

/// Questions under way to one peer, in bytes. One that is slower than the
/// stream gets no more, and memory stays bounded.
constexpr std::size_t peer_window_bytes = 4U << 20U;

/// After that long a peer is given up on; it was not waited for all the time.
constexpr std::chrono::seconds peer_limit{10};

class JudgementRouter {
public:
  static inline const char* name
    = name_of(logic::ActorKind::judgement_router).data();

  explicit JudgementRouter(JudgementRouterParameters parameters)
    : parameters_(std::move(parameters)), owners_(parameters_.shard_count),
      hosted_(parameters_.detectors.size()) {
    const auto detectors = static_cast<std::uint32_t>(hosted_.size());
    std::vector<logic::detection::OwnedShard> all;
    for (std::uint32_t shard = 0; shard != parameters_.shard_count; ++shard) {
      hosted_[logic::detection::Detector::host_of(shard, detectors)].set(shard);
      all.push_back({shard, 0});
    }
    if (parameters_.owns_all)
      owners_.set_own(all);
  }

  void begin(JudgementRouterActor::pointer self) {
    self_ = self;
    // Whoever waits for an answer asks again.
    open_.clear();
    for (auto& [held, order] : resequencers_)
      order.drop_waiting();
    for (auto& [incarnation, peer] : peers_)
      peer.asked_bytes = 0;
    ticking_ = false;
    detectors_.clear();
    for (const auto& detector : parameters_.detectors)
      detectors_.push_back(detector->current());
    if (parameters_.links)
      tell(self_, parameters_.links, messages::ListPeers{});
  }

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
      actor.handle_with(&JudgementRouter::end_waits),
      answer_heartbeats(actor.self()),
      obey_faults(actor.surroundings()),
    };
  }

private:
  using Promise = caf::typed_response_promise<messages::BatchJudged>;
  using PeerPromise = caf::typed_response_promise<wire::JudgeAnswer>;
  using QuestionNumber = std::uint64_t;
  using Time = caf::actor_clock::time_point;

  /// What one detector, or one peer, is asked.
  struct Part {
    std::size_t detector = 0; ///< where `peer` is 0
    PeerIncarnation peer = 0;
    ShardSet shards;
    logic::ShardJudgementsPtr answer; ///< null while it is due
  };

  struct Question {
    messages::JudgeBatch order; ///< without a batch where a peer asks
    Promise promise; ///< of an enricher
    PeerPromise peer_promise;
    std::vector<Part> parts;
    std::size_t due = 0; ///< parts
    Time deadline; ///< for peers
  };

  struct Peer {
    caf::actor link;
    bool late = false; ///< did not answer in time, and not since
    std::size_t asked_bytes = 0; ///< under way
  };

  // -- Questions of this node -------------------------------------------------

  /// Lanes finish in any order; what a user did must be seen in the order in
  /// which it stands in the partition.
  caf::result<messages::BatchJudged>
  take_in(const messages::JudgeBatch& order) {
    const auto& ticket = order.ticket;
    if (forgotten_.contains(ticket.partition, ticket.epoch))
      return caf::make_error(logic::ErrorCode::stage_failed,
                             "the partition was given back");
    auto promise = self_->make_response_promise<messages::BatchJudged>();
    Question question;
    question.order = order;
    question.promise = promise;
    // A repeat is asked about at once: detectors know what they have seen.
    if (!resequencers_[{ticket.partition, ticket.epoch}].offer(
          ticket, std::move(question), [this](Question due) { ask_all(due); }))
      ask_all(question);
    return promise;
  }

  void advance_sequence(const messages::AdvanceSequence& news) {
    const auto found = resequencers_.find(news.advance.held);
    if (found != resequencers_.end())
      found->second.advance(news.advance.place,
                            [this](Question due) { ask_all(due); });
  }

  void forget(const messages::ForgetPartitions& order) {
    for (const auto& partition : order.partitions) {
      forgotten_.add(partition);
      resequencers_.erase(partition);
    }
    for (const auto& detector : parameters_.detectors)
      tell(self_, detector, order);
  }

  void ask_all(Question& question) {
    const auto& rows = *question.order.rows;
    add_parts_here(question, owners_.own());
    for (const auto& share : owners_.elsewhere())
      if (concerns(rows, share.shards))
        question.parts.push_back({0, share.peer, share.shards, nullptr});
    const auto number = open(std::move(question));
    const auto& nobodys = owners_.nobodys();
    if (nobodys.any() && concerns(rows, nobodys)) {
      auto& opened = open_.at(number);
      opened.parts.push_back({0, 0, nobodys, leave_unjudged(rows, nobodys)});
    }
    ask_parts(number);
  }

  static bool concerns(const logic::detection::LoginRows& rows,
                       const ShardSet& shards) {
    for (std::uint32_t shard = 0; shard != rows.shard_count; ++shard)
      if (shards.test(shard) && !rows.empty(shard))
        return true;
    return false;
  }

  void add_parts_here(Question& question, const ShardSet& shards) const {
    for (std::size_t detector = 0; detector != hosted_.size(); ++detector) {
      const auto part = shards & hosted_[detector];
      if (concerns(*question.order.rows, part))
        question.parts.push_back({detector, 0, part, nullptr});
    }
  }

  QuestionNumber open(Question question) {
    const auto number = next_question_++;
    question.due = question.parts.size();
    question.deadline = self_->clock().now() + parameters_.wait;
    open_.emplace(number, std::move(question));
    return number;
  }

  void ask_parts(QuestionNumber number) {
    const auto parts = open_.at(number).parts.size();
    for (std::size_t part = 0; part != parts; ++part) {
      const auto found = open_.find(number);
      if (found == open_.end())
        return; // the last answer that was due came at once
      ask(number, found->second, part);
    }
    // Nobody was to be asked.
    if (const auto found = open_.find(number);
        found != open_.end() && found->second.due == 0)
      close(found);
  }

  void ask(QuestionNumber number, const Question& question, std::size_t part) {
    const auto& asked = question.parts[part];
    if (asked.answer)
      return;
    if (asked.peer != 0)
      ask_peer(number, question, part);
    else if (detectors_[asked.detector])
      ask_detector(number, question, part);
  }

  /// No time-out: one that dies or hangs is replaced, and the successor asked.
  void ask_detector(QuestionNumber number, const Question& question,
                    std::size_t part) {
    const auto& [ticket, batch, rows] = question.order;
    const auto& asked = question.parts[part];
    self_
      ->request(detectors_[asked.detector], caf::infinite,
                messages::JudgeRows{ticket, rows, asked.shards, batch})
      .then(
        [this, number, part](const messages::RowsJudged& answer) {
          take_answer(number, part, answer.judgements);
        },
        [this, number](const caf::error& error) {
          // Of one that died nothing more comes; its successor is asked.
          if (error == logic::ErrorCode::stage_failed)
            refuse(number, error);
        });
  }

  void take_successor(const messages::DetectorReplaced& news) {
    detectors_[news.number] = parameters_.detectors[news.number]->current();
    for (auto next = open_.begin(); next != open_.end();) {
      // An answer may take the question out.
      auto& [number, question] = *next++;
      for (std::size_t part = 0; part != question.parts.size(); ++part) {
        const auto& asked = question.parts[part];
        if (asked.peer != 0 || asked.detector != news.number || asked.answer)
          continue;
        if (news.suspect && question.order.batch
            && *news.suspect == question.order.ticket.id)
          refuse(number, caf::make_error(logic::ErrorCode::stage_failed,
                                         "the detector died at work on it"));
        else
          ask(number, question, part);
        break;
      }
    }
  }

  // -- Answers ----------------------------------------------------------------

  void take_answer(QuestionNumber number, std::size_t part,
                   logic::ShardJudgementsPtr judgements) {
    const auto found = open_.find(number);
    if (found == open_.end() || found->second.parts[part].answer)
      return;
    auto& question = found->second;
    question.parts[part].answer = std::move(judgements);
    if (--question.due == 0)
      close(found);
  }

  void close(std::map<QuestionNumber, Question>::iterator found) {
    auto question = std::move(found->second);
    open_.erase(found);
    std::vector<logic::ShardJudgementsPtr> answers;
    answers.reserve(question.parts.size());
    for (auto& part : question.parts)
      answers.push_back(std::move(part.answer));
    if (question.order.batch)
      question.promise.deliver(messages::BatchJudged{std::move(answers)});
    else
      question.peer_promise.deliver(wire::JudgeAnswer{
        logic::detection::encode_judgements(*question.order.rows, answers)});
  }

  void refuse(QuestionNumber number, const caf::error& error) {
    const auto found = open_.find(number);
    if (found == open_.end())
      return;
    auto question = std::move(found->second);
    open_.erase(found);
    if (question.order.batch)
      question.promise.deliver(error);
    else
      question.peer_promise.deliver(error);
  }

  logic::ShardJudgementsPtr
  leave_unjudged(const logic::detection::LoginRows& rows,
                 const ShardSet& shards) {
    auto judgements = std::make_shared<logic::ShardJudgements>(
      logic::detection::unjudged(rows, shards));
    parameters_.surroundings.metrics->events_unjudged.Increment(
      static_cast<double>(judgements->events.size()));
    return judgements;
  }

  // -- Questions to peers -----------------------------------------------------

  void ask_peer(QuestionNumber number, const Question& question,
                std::size_t part) {
    const auto rows = question.order.rows;
    const auto incarnation = question.parts[part].peer;
    const auto shards = question.parts[part].shards;
    const auto bytes = logic::detection::encoded_bytes(*rows, shards);
    const auto found = peers_.find(incarnation);
    if (found == peers_.end() || bytes > wire::max_judgement_bytes
        || found->second.asked_bytes + bytes > peer_window_bytes) {
      take_answer(number, part, leave_unjudged(*rows, shards));
      return;
    }
    auto& peer = found->second;
    peer.asked_bytes += bytes;
    self_
      ->request(
        peer.link, peer_limit,
        wire::JudgeRequest{logic::detection::encode_rows(*rows, shards)})
      .then(
        [=, this](const wire::JudgeAnswer& answer) {
          note_answer(incarnation, bytes, true);
          take_peer_answer(number, part, rows, shards, answer);
        },
        [=, this](const caf::error&) {
          note_answer(incarnation, bytes, false);
          give_up(number, part);
        });
    if (peer.late)
      give_up(number, part);
    else
      keep_ticking();
  }

  void note_answer(PeerIncarnation incarnation, std::size_t bytes,
                   bool answered) {
    const auto found = peers_.find(incarnation);
    if (found == peers_.end())
      return;
    found->second.asked_bytes -= bytes;
    if (answered)
      found->second.late = false;
  }

  void take_peer_answer(QuestionNumber number, std::size_t part,
                        const LoginRowsPtr& rows, const ShardSet& shards,
                        const wire::JudgeAnswer& answer) {
    auto decoded = logic::detection::decode_judgements(answer.judgements, *rows,
                                                       shards);
    if (!decoded) {
      const auto& around = parameters_.surroundings;
      around.log->limited(self_->clock().now(), logic::LogLevel::warn, name,
                          "an answer that makes no sense",
                          {{"error", decoded.error().text}});
      give_up(number, part);
      return;
    }
    parameters_.surroundings.metrics->events_judged_elsewhere.Increment(
      static_cast<double>(decoded->events.size()));
    take_answer(number, part,
                std::make_shared<logic::ShardJudgements>(std::move(*decoded)));
  }

  /// What a peer should have judged goes on without.
  void give_up(QuestionNumber number, std::size_t part) {
    const auto found = open_.find(number);
    if (found == open_.end() || found->second.parts[part].answer)
      return;
    take_answer(number, part,
                leave_unjudged(*found->second.order.rows,
                               found->second.parts[part].shards));
  }

  void keep_ticking() {
    if (!std::exchange(ticking_, true))
      self_->delayed_send(self_, parameters_.wait / 4, messages::Tick{});
  }

  /// All wait equally long, so the oldest are due first.
  void end_waits(messages::Tick) {
    ticking_ = false;
    const auto now = self_->clock().now();
    bool waits = false;
    for (auto next = open_.begin(); next != open_.end();) {
      // An answer may take the question out.
      auto& [number, question] = *next++;
      const bool over = question.deadline <= now;
      for (std::size_t part = 0, parts = question.parts.size(); part != parts;
           ++part) {
        const auto& asked = question.parts[part];
        if (asked.peer == 0 || asked.answer)
          continue;
        waits = waits || !over;
        if (!over)
          break;
        if (const auto late = peers_.find(asked.peer); late != peers_.end())
          note_late(late->second);
        const bool last = question.due == 1;
        give_up(number, part);
        if (last)
          break;
      }
      if (!over)
        break;
    }
    if (waits)
      keep_ticking();
  }

  void note_late(Peer& peer) {
    if (!std::exchange(peer.late, true))
      parameters_.surroundings.metrics->peers_late.Increment();
  }

  // -- Who owns what ----------------------------------------------------------

  void take_own(const messages::OwnShards& news) {
    owners_.set_own(news.shards);
  }

  void link_up(const messages::LinkUp& news) {
    peers_[news.peer.node.incarnation].link = news.peer.link;
  }

  void link_down(const messages::LinkDown& news) {
    peers_.erase(news.incarnation);
    owners_.forget_peer(news.incarnation);
  }

  void take_owners(const messages::PeerOwners& news) {
    std::vector<logic::detection::OwnedShard> shards;
    shards.reserve(news.shards.size());
    for (const auto& claim : news.shards)
      shards.push_back({claim.shard, claim.generation});
    owners_.set_peer(news.incarnation, shards);
  }

  // -- Questions of peers -----------------------------------------------------

  caf::result<wire::JudgeAnswer>
  answer_peer(const wire::JudgeRequest& request) {
    auto rows = logic::detection::decode_rows(request.rows,
                                              parameters_.shard_count);
    if (!rows) {
      const auto& around = parameters_.surroundings;
      around.log->limited(self_->clock().now(), logic::LogLevel::warn, name,
                          "a question that makes no sense",
                          {{"error", rows.error().text}});
      return caf::make_error(rows.error().code);
    }
    Question question;
    question.order.rows = std::make_shared<logic::detection::LoginRows>(
      std::move(*rows));
    auto promise = self_->make_response_promise<wire::JudgeAnswer>();
    question.peer_promise = promise;
    add_parts_here(question, ShardSet{}.set());
    parameters_.surroundings.metrics->events_judged_for_others.Increment(
      static_cast<double>(question.order.rows->users.size()));
    ask_parts(open(std::move(question)));
    return promise;
  }

  JudgementRouterActor::pointer self_ = nullptr;
  JudgementRouterParameters parameters_;
  logic::detection::ShardOwners owners_;
  std::vector<ShardSet> hosted_; ///< by detector: what it may host
  /// Who is asked: a successor only once the news of it is here, so that it
  /// gets what is older first.
  std::vector<AnomalyDetectorActor> detectors_;
  std::map<PeerIncarnation, Peer> peers_;
  std::map<QuestionNumber, Question> open_; ///< oldest first
  QuestionNumber next_question_ = 0;
  bool ticking_ = false;
  std::map<logic::PartitionEpoch, logic::Resequencer<Question>> resequencers_;
  logic::ForgottenEpochs forgotten_;
};

} // namespace

SuccessorFactory<JudgementRouterActor>
judgement_routers(caf::actor_system& system,
                  JudgementRouterParameters parameters) {
  return [&system, state = std::make_shared<SurvivingState<JudgementRouter>>(
                     std::move(parameters))](logic::Incarnation incarnation) {
    return spawn_successor<JudgementRouterActor>(system, state, incarnation);
  };
}

} // namespace millrace::actors
