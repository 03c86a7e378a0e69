#include "actors/stages/judgement_router_work.hpp"

#include "logic/detection/judgement_codec.hpp"
#include "logic/detection/login_rows_codec.hpp"

#include <algorithm>
#include <memory>
#include <utility>

/// Questions and answers.
namespace millrace::actors {

namespace {

bool concerns(const LoginRows& rows, const ShardSet& shards) {
  bool any = false;
  logic::detection::for_each_shard(rows, shards,
                                   [&](std::uint32_t) { any = true; });
  return any;
}

} // namespace

void JudgementRouter::begin(JudgementRouterActor::pointer self) {
  self_ = self;
  book_.begin(now());
  // Whoever waits for an answer asks again.
  questions_.clear();
  askers_.clear();
  for (auto& [held, order] : resequencers_)
    order.drop_waiting();
  metrics().judgements_asked_bytes.Set(0);
  ticking_ = false;
  detectors_.clear();
  for (const auto& detector : parameters_.detectors)
    detectors_.push_back(detector->current());
  for (auto& line : lines_)
    line.begin_life();
  if (parameters_.links)
    tell(self_, parameters_.links, messages::ListPeers{});
}

// -- Questions ----------------------------------------------------------------

/// Lanes finish in any order; what a user did must be seen in the order in
/// which it stands in the partition.
caf::result<messages::BatchJudged>
JudgementRouter::take_in(const messages::JudgeBatch& order) {
  const auto& ticket = order.ticket;
  if (forgotten_.contains(ticket.partition, ticket.epoch))
    return caf::make_error(logic::ErrorCode::stage_failed,
                           "the partition was given back");
  auto promise = self_->make_response_promise<messages::BatchJudged>();
  Asker asker{order, promise, {}};
  // A repeat is asked about at once: detectors know what they have seen.
  auto& resequencer = resequencers_[{ticket.partition, ticket.epoch}];
  if (!resequencer.offer(ticket, std::move(asker), [&](Asker due) {
        if (due.order.ticket.id != ticket.id)
          tell_of_turn(due);
        ask(due);
      }))
    ask(asker);
  else if (parameters_.dispatcher && resequencer.holds(ticket.place))
    tell(self_, parameters_.dispatcher, messages::BatchAwaitsTurn{ticket});
  return promise;
}

void JudgementRouter::advance_sequence(const messages::AdvanceSequence& news) {
  const auto found = resequencers_.find(news.advance.held);
  if (found != resequencers_.end())
    found->second.advance(news.advance.place, [this](Asker due) {
      tell_of_turn(due);
      ask(due);
    });
}

/// It was said to wait.
void JudgementRouter::tell_of_turn(const Asker& due) {
  if (parameters_.dispatcher)
    tell(self_, parameters_.dispatcher,
         messages::BatchTakesTurn{due.order.ticket});
}

void JudgementRouter::forget(const messages::ForgetPartitions& order) {
  for (const auto& partition : order.partitions) {
    forgotten_.add(partition);
    resequencers_.erase(partition);
  }
  for (const auto& detector : parameters_.detectors)
    tell(self_, detector, order);
}

caf::result<wire::JudgeAnswer>
JudgementRouter::answer_peer(const wire::JudgeRequest& request) {
  auto rows = logic::detection::decode_rows(request.rows,
                                            parameters_.shard_count);
  if (!rows) {
    tell_of_nonsense("a question that makes no sense", rows.error());
    return caf::make_error(rows.error().code);
  }
  auto promise = self_->make_response_promise<wire::JudgeAnswer>();
  Asker asker;
  asker.order.rows = std::make_shared<LoginRows>(std::move(*rows));
  asker.peer_promise = promise;
  metrics().events_judged_for_others.Increment(
    static_cast<double>(asker.order.rows->users.size()));
  const auto asked = asker.order.rows;
  const auto number = questions_.open(asked, now() + parameters_.wait);
  askers_.emplace(number, std::move(asker));
  add_detectors(number, *asked, ShardSet{}.set());
  ask_parts(number);
  return promise;
}

void JudgementRouter::ask(Asker& asker) {
  const auto rows = asker.order.rows;
  const auto number = questions_.open(rows, now() + parameters_.wait);
  askers_.emplace(number, std::move(asker));
  add_owners(number, *rows, ShardSet{}.set());
  ask_parts(number);
}

/// Parts for all who own one of those shards.
void JudgementRouter::add_owners(JudgementQuestions::Number number,
                                 const LoginRows& rows,
                                 const ShardSet& shards) {
  const auto& owners = book_.owners();
  add_detectors(number, rows, owners.own() & shards);
  for (const auto& share : owners.elsewhere())
    add(number, rows, {Judge::Kind::peer, share.peer}, share.shards & shards);
  add(number, rows, {Judge::Kind::nobody, 0}, owners.nobodys() & shards);
}

void JudgementRouter::add_detectors(JudgementQuestions::Number number,
                                    const LoginRows& rows,
                                    const ShardSet& shards) {
  for (std::size_t detector = 0; detector != hosted_.size(); ++detector)
    add(number, rows, {Judge::Kind::detector, detector},
        shards & hosted_[detector]);
}

void JudgementRouter::add(JudgementQuestions::Number number,
                          const LoginRows& rows, const Judge& judge,
                          const ShardSet& shards) {
  if (shards.any() && concerns(rows, shards))
    questions_.add(number, judge, shards);
}

void JudgementRouter::ask_parts(JudgementQuestions::Number number) {
  const auto parts = questions_.find(number)->parts.size();
  for (std::size_t part = 0; part != parts; ++part)
    ask_part({number, part});
  finish_if_answered(number);
}

void JudgementRouter::ask_part(Due due) {
  const auto* const found = questions_.find(due);
  if (!found)
    return;
  const auto part = *found; // asking may add others, which moves it
  switch (part.judge.kind) {
    case Judge::Kind::detector:
      ask_detector(due, part.judge.id, part.shards);
      break;
    case Judge::Kind::peer:
      ask_peer(due, part.judge.id, part.shards);
      break;
    case Judge::Kind::nobody:
      wait_for_owner(due, part.shards);
      break;
  }
}

// -- Answers ------------------------------------------------------------------

void JudgementRouter::take_answer(Due due,
                                  logic::ShardJudgementsPtr judgements) {
  if (questions_.answer(due, std::move(judgements)))
    finish_if_answered(due.number);
}

void JudgementRouter::take_judgements(
  const Judge& judge, const LoginRowsPtr& rows, const ShardSet& shards,
  std::optional<Due> due, const logic::ShardJudgementsPtr& judgements) {
  const bool waits = due && questions_.find(*due);
  if (waits && is_peers(*due)) {
    take_answer(*due, judgements); // it asks others by itself
    return;
  }
  if (book_.answered(judge, rows, shards, *judgements, waits)
      && short_of_credit_.empty()) // else with the others, once there is credit
    pay_debts();
  if (!waits)
    return;
  ShardSet absent;
  for (const auto shard : judgements->absent)
    absent.set(shard);
  if (judge.kind == Judge::Kind::detector)
    judged_here_ += static_cast<std::uint64_t>(std::ranges::count_if(
      judgements->judgements, [](const auto& each) { return each.judged; }));
  if (absent.none()) {
    take_answer(*due, judgements);
    return;
  }
  auto so_far = *judgements;
  logic::detection::drop_unjudged(so_far);
  ask_elsewhere(*due, absent, std::move(so_far));
}

bool JudgementRouter::is_peers(Due due) const {
  const auto asker = askers_.find(due.number);
  return asker != askers_.end() && !asker->second.order.batch;
}

void JudgementRouter::finish_if_answered(JudgementQuestions::Number number) {
  const auto* const question = questions_.find(number);
  if (!question || question->due != 0)
    return;
  const auto rows = question->rows;
  auto answers = questions_.close(number);
  auto asker = askers_.extract(number);
  if (asker.mapped().order.batch)
    asker.mapped().promise.deliver(messages::BatchJudged{std::move(answers)});
  else
    asker.mapped().peer_promise.deliver(
      wire::JudgeAnswer{logic::detection::encode_judgements(*rows, answers)});
}

void JudgementRouter::refuse(JudgementQuestions::Number number,
                             const caf::error& error) {
  questions_.close(number);
  if (auto asker = askers_.extract(number)) {
    if (asker.mapped().order.batch)
      asker.mapped().promise.deliver(error);
    else
      asker.mapped().peer_promise.deliver(error);
  }
}

/// The part goes on without a judgement.
void JudgementRouter::give_up(Due due) {
  const auto* const part = questions_.find(due);
  if (!part)
    return;
  auto judgements = std::make_shared<logic::ShardJudgements>(
    logic::detection::unjudged(*questions_.find(due.number)->rows,
                               part->shards));
  count_unjudged(*judgements);
  take_answer(due, std::move(judgements));
}

void JudgementRouter::count_unjudged(const logic::ShardJudgements& judgements) {
  metrics().events_unjudged.Increment(
    static_cast<double>(judgements.events.size()));
}

// -- Detectors of this node ---------------------------------------------------

/// A peer waits for so long only, and asks no more than it has credit for: it
/// goes before what this node has itself, which may be much.
void JudgementRouter::ask_detector(Due due, std::size_t detector,
                                   const ShardSet& shards) {
  if (is_peers(due)) {
    if (detectors_[detector])
      send_to_detector(detector, due, std::nullopt);
    return;
  }
  lines_[detector].add(due,
                       part_bytes(*questions_.find(due.number)->rows, shards));
  pump_detector(detector);
}

/// As far as it has credit.
void JudgementRouter::pump_detector(std::size_t detector) {
  auto& line = lines_[detector];
  while (detectors_[detector]) {
    const auto next = line.next();
    if (!next)
      break;
    const auto* const part = questions_.find(next->item);
    if (part != nullptr
        && part->judge == Judge{Judge::Kind::detector, detector})
      send_to_detector(detector, next->item, next->loan);
    else
      line.give_back(next->loan); // refused meanwhile, or asked of others
  }
  show_credit();
}

/// No time-out: one that dies or hangs is replaced, and the successor asked.
void JudgementRouter::send_to_detector(std::size_t detector, Due due,
                                       std::optional<DetectorLine::Loan> loan) {
  const auto give_back = [this, detector, loan] {
    if (!loan)
      return;
    lines_[detector].give_back(*loan);
    pump_detector(detector);
  };
  const auto& shards = questions_.find(due)->shards;
  const auto& order = askers_.at(due.number).order;
  const messages::JudgeRows question{order.ticket, order.rows, shards,
                                     order.batch};
  auto asked = loan
                 ? self_->request(detectors_[detector], caf::infinite, question)
                 : self_->request<caf::message_priority::high>(
                   detectors_[detector], caf::infinite, question);
  std::move(asked).then(
    [=, this, rows = order.rows](const messages::RowsJudged& answer) {
      give_back();
      take_judgements({Judge::Kind::detector, detector}, rows, shards, due,
                      answer.judgements);
    },
    [=, this](const caf::error& error) {
      give_back();
      // Of one that died nothing more comes; its successor is asked.
      if (error == logic::ErrorCode::stage_failed)
        refuse(due.number, error);
    });
}

void JudgementRouter::take_successor(const messages::DetectorReplaced& news) {
  detectors_[news.number] = parameters_.detectors[news.number]->current();
  lines_[news.number].begin_life();
  const Judge judge{Judge::Kind::detector, news.number};
  for (const auto& due : questions_.due(
         [&](const auto&, const auto& part) { return part.judge == judge; })) {
    const auto asker = askers_.find(due.number);
    if (asker == askers_.end())
      continue;
    const auto& order = asker->second.order;
    if (order.batch && news.suspect == order.ticket.id)
      refuse(due.number, caf::make_error(logic::ErrorCode::stage_failed,
                                         "the detector died at work on it"));
    else
      ask_part(due);
  }
}

void JudgementRouter::show_credit() {
  logic::CreditUse sum;
  for (const auto& line : lines_)
    sum += line.use();
  detectors_credit_.show(sum);
}

SuccessorFactory<JudgementRouterActor>
judgement_routers(caf::actor_system& system,
                  JudgementRouterParameters parameters) {
  return [&system, state = std::make_shared<SurvivingState<JudgementRouter>>(
                     std::move(parameters))](logic::Incarnation incarnation) {
    return spawn_successor<JudgementRouterActor>(system, state, incarnation);
  };
}

} // namespace millrace::actors
