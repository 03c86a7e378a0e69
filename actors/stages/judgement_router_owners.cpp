#include "actors/stages/judgement_router_work.hpp"

#include "logic/detection/judgement_codec.hpp"

#include <memory>
#include <utility>

/// Who owns what, what peers are asked, and how long anybody is waited for.
namespace millrace::actors {

namespace {

/// Questions under way to one peer, in bytes. One that is slower than the
/// stream gets no more, and memory stays bounded.
constexpr std::size_t peer_window_bytes = 4U << 20U;

/// After that long a peer is given up on; it was not waited for all the time.
constexpr std::chrono::seconds peer_limit{10};

} // namespace

// -- Peers --------------------------------------------------------------------

void JudgementRouter::ask_peer(Due due, PeerIncarnation incarnation,
                               const ShardSet& shards) {
  const auto rows = askers_.at(due.number).order.rows;
  const auto sent = send_to_peer(
    incarnation, *rows, shards,
    [this, due, rows, shards](const wire::JudgeAnswer& answer) {
      take_peer_answer(due, *rows, shards, answer);
    },
    [this, due] { give_up(due); });
  if (!sent || peers_.at(incarnation).late)
    give_up(due);
  else
    keep_ticking();
}

bool JudgementRouter::send_to_peer(
  PeerIncarnation incarnation, const LoginRows& rows, const ShardSet& shards,
  std::function<void(const wire::JudgeAnswer&)> on_answer,
  std::function<void()> on_error) {
  const auto bytes = logic::detection::encoded_bytes(rows, shards);
  const auto found = peers_.find(incarnation);
  if (found == peers_.end() || bytes > wire::max_judgement_bytes
      || found->second.asked_bytes + bytes > peer_window_bytes)
    return false;
  found->second.asked_bytes += bytes;
  self_
    ->request(found->second.link, peer_limit,
              wire::JudgeRequest{logic::detection::encode_rows(rows, shards)})
    .then(
      [=, this](const wire::JudgeAnswer& answer) {
        if (const auto peer = peers_.find(incarnation); peer != peers_.end()) {
          peer->second.asked_bytes -= bytes;
          peer->second.late = false;
        }
        on_answer(answer);
      },
      [=, this](const caf::error&) {
        if (const auto peer = peers_.find(incarnation); peer != peers_.end())
          peer->second.asked_bytes -= bytes;
        on_error();
      });
  return true;
}

void JudgementRouter::take_peer_answer(Due due, const LoginRows& rows,
                                       const ShardSet& shards,
                                       const wire::JudgeAnswer& answer) {
  auto decoded = logic::detection::decode_judgements(answer.judgements, rows,
                                                     shards);
  if (!decoded) {
    tell_of_nonsense("an answer that makes no sense", decoded.error());
    give_up(due);
    return;
  }
  metrics().events_judged_elsewhere.Increment(
    static_cast<double>(decoded->events.size()));
  take_answer(due,
              std::make_shared<logic::ShardJudgements>(std::move(*decoded)));
}

void JudgementRouter::tell_of_nonsense(std::string_view what,
                                       const logic::Error& error) {
  parameters_.surroundings.log->limited(now(), logic::LogLevel::warn, name,
                                        what, {{"error", error.text}});
}

// -- Waiting ------------------------------------------------------------------

void JudgementRouter::keep_ticking() {
  if (!std::exchange(ticking_, true))
    self_->delayed_send(self_, parameters_.wait / 4, messages::Tick{});
}

/// Once nobody was found in time the next do not wait for it, either.
void JudgementRouter::wait_for_owner(Due due, const ShardSet& shards) {
  if ((shards & ~missed_).none()) {
    owe(due, shards);
    return;
  }
  if (now() < *settle_by_)
    questions_.find(due.number)->deadline = *settle_by_;
  keep_ticking();
}

void JudgementRouter::owe(Due due, const ShardSet& shards) {
  owed_.add(questions_.find(due.number)->rows, shards);
  give_up(due);
}

void JudgementRouter::end_waits(messages::Tick) {
  ticking_ = false;
  const auto time = now();
  const auto waits = questions_.due([](const auto&, const auto& part) {
    return part.judge.kind != Judge::Kind::detector;
  });
  bool others = false;
  for (const auto& due : waits) {
    const auto* const question = questions_.find(due.number);
    const auto* const part = questions_.find(due);
    if (!part)
      continue;
    if (question->deadline > time) {
      others = true;
    } else if (part->judge.kind == Judge::Kind::nobody) {
      missed_ |= part->shards;
      owe(due, part->shards);
    } else {
      if (const auto peer = peers_.find(part->judge.id);
          peer != peers_.end() && !std::exchange(peer->second.late, true))
        metrics().peers_late.Increment();
      give_up(due);
    }
  }
  if (others)
    keep_ticking();
}

// -- Who owns what ------------------------------------------------------------

void JudgementRouter::take_own(const messages::OwnShards& news) {
  owners_.set_own(news.shards);
  ask_found();
}

void JudgementRouter::link_up(const messages::LinkUp& news) {
  peers_[news.peer.node.incarnation].link = news.peer.link;
}

void JudgementRouter::link_down(const messages::LinkDown& news) {
  peers_.erase(news.incarnation);
  owners_.forget_peer(news.incarnation);
}

void JudgementRouter::take_owners(const messages::PeerOwners& news) {
  std::vector<logic::detection::OwnedShard> shards;
  shards.reserve(news.shards.size());
  for (const auto& claim : news.shards)
    shards.push_back({claim.shard, claim.generation});
  owners_.set_peer(news.incarnation, shards);
  ask_found();
}

/// Owners that were missing may be known now: first comes what they are
/// owed, then what waits, then what is new.
void JudgementRouter::ask_found() {
  const auto& nobodys = owners_.nobodys();
  missed_ &= nobodys;
  if (nobodys.none())
    settle_by_ = JudgementQuestions::Time{};
  for (const auto& debt : owed_.take(nobodys))
    pay(debt);
  for (const auto& due : questions_.due([&](const auto&, const auto& part) {
         return part.judge.kind == Judge::Kind::nobody
                && (part.shards & ~nobodys).any();
       }))
    ask_owners_of(due);
}

void JudgementRouter::pay(const logic::detection::OwedRows::Debt& debt) {
  const auto own = owners_.own() & debt.shards;
  for (std::size_t detector = 0; detector != hosted_.size(); ++detector)
    if (const auto shards = own & hosted_[detector]; shards.any())
      if (detectors_[detector])
        self_
          ->request(detectors_[detector], caf::infinite,
                    messages::JudgeRows{{}, debt.rows, shards, nullptr})
          .then([](const messages::RowsJudged&) {}, [](const caf::error&) {});
  for (const auto& share : owners_.elsewhere())
    if (const auto shards = share.shards & debt.shards; shards.any())
      send_to_peer(
        share.peer, *debt.rows, shards, [](const wire::JudgeAnswer&) {}, [] {});
}

/// The part is answered by nothing, and its shards become parts anew.
void JudgementRouter::ask_owners_of(Due due) {
  auto* const question = questions_.find(due.number);
  const auto shards = questions_.find(due)->shards;
  const auto rows = question->rows;
  question->deadline = now() + parameters_.wait;
  const auto first = question->parts.size();
  add_owners(due.number, *rows, shards);
  questions_.answer(due, std::make_shared<logic::ShardJudgements>());
  const auto parts = questions_.find(due.number)->parts.size();
  for (auto part = first; part != parts; ++part)
    ask_part({due.number, part});
  finish_if_answered(due.number);
}

} // namespace millrace::actors
