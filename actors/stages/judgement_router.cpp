#include "actors/stages/judgement_router.hpp"

#include "logic/delivery/forgotten_epochs.hpp"
#include "logic/delivery/resequencer.hpp"
#include "logic/records/partition_offset.hpp"
#include "messages/detection.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace millrace::actors {

namespace {

class JudgementRouter {
public:
  static inline const char* name
    = name_of(logic::ActorKind::judgement_router).data();

  explicit JudgementRouter(JudgementRouterParameters parameters)
    : parameters_(std::move(parameters)) {}

  void begin(JudgementRouterActor::pointer self) {
    self_ = self;
    // Whoever waits for an answer asks again.
    open_.clear();
    for (auto& [held, order] : resequencers_)
      order.drop_waiting();
    detectors_.clear();
    for (const auto& detector : parameters_.detectors)
      detectors_.push_back(detector->current());
  }

  const Surroundings& surroundings() const { return parameters_.surroundings; }

  template <class Actor>
  static JudgementRouterActor::behavior_type behavior(Actor& actor) {
    return {
      actor.handle_with(&JudgementRouter::take_in),
      actor.handle_with(&JudgementRouter::advance_sequence),
      actor.handle_with(&JudgementRouter::forget),
      actor.handle_with(&JudgementRouter::take_successor),
      answer_heartbeats(actor.self()),
      obey_faults(actor.surroundings()),
    };
  }

private:
  using Promise = caf::typed_response_promise<messages::BatchJudged>;
  using QuestionNumber = std::uint64_t;

  struct Question {
    messages::JudgeBatch order;
    Promise promise;
    /// By detector; null where the answer is due.
    std::vector<logic::ShardJudgementsPtr> answers;
    std::size_t due = 0;
  };

  /// Lanes finish in any order; what a user did must be seen in the order in
  /// which it stands in the partition.
  caf::result<messages::BatchJudged>
  take_in(const messages::JudgeBatch& order) {
    const auto& ticket = order.ticket;
    if (forgotten_.contains(ticket.partition, ticket.epoch))
      return caf::make_error(logic::ErrorCode::stage_failed,
                             "the partition was given back");
    auto promise = self_->make_response_promise<messages::BatchJudged>();
    Question question{order, promise, {}, 0};
    // A repeat is asked about at once: detectors know what they have seen.
    if (!resequencers_[{ticket.partition, ticket.epoch}].offer(
          ticket, std::move(question), [this](Question due) { ask(due); }))
      ask(question);
    return promise;
  }

  void advance_sequence(const messages::AdvanceSequence& news) {
    const auto found = resequencers_.find(news.advance.held);
    if (found != resequencers_.end())
      found->second.advance(news.advance.place,
                            [this](Question due) { ask(due); });
  }

  void forget(const messages::ForgetPartitions& order) {
    for (const auto& partition : order.partitions) {
      forgotten_.add(partition);
      resequencers_.erase(partition);
    }
    for (const auto& detector : parameters_.detectors)
      tell(self_, detector, order);
  }

  void ask(Question& question) {
    question.answers.resize(detectors_.size());
    question.due = detectors_.size();
    const auto number = next_question_++;
    const auto& asked
      = open_.emplace(number, std::move(question)).first->second;
    for (std::size_t detector = 0; detector != detectors_.size(); ++detector)
      ask(number, asked, detector);
  }

  /// No time-out: one that dies or hangs is replaced, and the successor asked.
  void ask(QuestionNumber number, const Question& question,
           std::size_t detector) {
    if (!detectors_[detector])
      return;
    const auto& [ticket, batch, rows] = question.order;
    self_
      ->request(detectors_[detector], caf::infinite,
                messages::JudgeRows{ticket, rows,
                                    logic::detection::ShardSet{}.set(), batch})
      .then(
        [this, number, detector](const messages::RowsJudged& answer) {
          take_answer(number, detector, answer.judgements);
        },
        [this, number](const caf::error& error) {
          // Of one that died nothing more comes; its successor is asked.
          if (error == logic::ErrorCode::stage_failed)
            refuse(number, error);
        });
  }

  void take_answer(QuestionNumber number, std::size_t detector,
                   const logic::ShardJudgementsPtr& judgements) {
    const auto found = open_.find(number);
    if (found == open_.end() || found->second.answers[detector])
      return;
    auto& question = found->second;
    question.answers[detector] = judgements;
    if (--question.due != 0)
      return;
    question.promise.deliver(
      messages::BatchJudged{std::move(question.answers)});
    open_.erase(found);
  }

  void refuse(QuestionNumber number, const caf::error& error) {
    const auto found = open_.find(number);
    if (found == open_.end())
      return;
    found->second.promise.deliver(error);
    open_.erase(found);
  }

  void take_successor(const messages::DetectorReplaced& news) {
    detectors_[news.number] = parameters_.detectors[news.number]->current();
    for (auto next = open_.begin(); next != open_.end();) {
      // An answer may take the question out.
      auto& [number, question] = *next++;
      if (question.answers[news.number])
        continue;
      if (news.suspect == question.order.ticket.id)
        refuse(number, caf::make_error(logic::ErrorCode::stage_failed,
                                       "the detector died at work on it"));
      else
        ask(number, question, news.number);
    }
  }

  JudgementRouterActor::pointer self_ = nullptr;
  JudgementRouterParameters parameters_;
  /// Who is asked: a successor only once the news of it is here, so that it
  /// gets what is older first.
  std::vector<AnomalyDetectorActor> detectors_;
  std::map<QuestionNumber, Question> open_; ///< oldest first
  QuestionNumber next_question_ = 0;
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
