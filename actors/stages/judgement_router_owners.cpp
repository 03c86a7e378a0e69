#include "actors/stages/judgement_router_work.hpp"

#include "logic/detection/judgement_codec.hpp"
#include "logic/detection/login_rows_codec.hpp"

#include <algorithm>
#include <memory>
#include <utility>

/// Who is asked on other nodes, and what becomes of what nobody answers. Whom,
/// and for how long, `logic::detection::OwnerBook` decides.
namespace millrace::actors {

namespace {

/// Owners follow each other faster than they are heard of only by mistake.
constexpr int max_moves = 4;

} // namespace

// -- Peers --------------------------------------------------------------------

void JudgementRouter::ask_peer(Due due, PeerIncarnation incarnation,
                               const ShardSet& shards) {
  const auto rows = askers_.at(due.number).order.rows;
  const bool sent = send_to_peer(incarnation, rows, shards, due);
  if (book_.is_waited_for(incarnation)) {
    // What it cannot take now it may when it has answered some.
    questions_.find(due)->lacks_credit = !sent;
    keep_ticking();
  } else if (sent) {
    give_up(due);
  } else {
    short_of_credit_.insert(incarnation);
    owe(due, shards);
  }
}

/// A peer has answered: it can take more.
void JudgementRouter::use_credit(PeerIncarnation incarnation) {
  if (short_of_credit_.contains(incarnation) && book_.has_room(incarnation))
    pay_debts();
  const Judge judge{Judge::Kind::peer, incarnation};
  for (const auto& due : questions_.due([&](const auto&, const auto& part) {
         return part.lacks_credit && part.judge == judge;
       })) {
    auto* const part = questions_.find(due);
    if (!send_to_peer(incarnation, questions_.find(due.number)->rows,
                      part->shards, due))
      return;
    part->lacks_credit = false;
  }
}

bool JudgementRouter::send_to_peer(PeerIncarnation incarnation,
                                   const LoginRowsPtr& rows,
                                   const ShardSet& shards,
                                   std::optional<Due> due) {
  const auto bytes = logic::detection::encoded_bytes(*rows, shards);
  const auto link = links_.find(incarnation);
  if (link == links_.end() || bytes > wire::max_judgement_bytes
      || !book_.lend(incarnation, bytes))
    return false;
  metrics().judgements_asked_bytes.Increment(static_cast<double>(bytes));
  const Sent sent{incarnation, rows, shards, bytes, due};
  // The link gives it up in time, or ends.
  self_
    ->request(link->second, caf::infinite,
              wire::JudgeRequest{logic::detection::encode_rows(*rows, shards)})
    .then(
      [this, sent](const wire::JudgeAnswer& answer) {
        take_peer_answer(sent, answer);
      },
      [this, sent](const caf::error&) { take_peer_error(sent); });
  return true;
}

void JudgementRouter::take_peer_answer(const Sent& sent,
                                       const wire::JudgeAnswer& answer) {
  give_back(sent);
  auto decoded = logic::detection::decode_judgements(answer.judgements,
                                                     *sent.rows, sent.shards);
  if (!decoded) {
    tell_of_nonsense("an answer that makes no sense", decoded.error());
    if (sent.due)
      give_up(*sent.due);
    return;
  }
  if (sent.due && questions_.find(*sent.due))
    metrics().events_judged_elsewhere.Increment(
      static_cast<double>(std::ranges::count_if(
        decoded->judgements, [](const auto& each) { return each.judged; })));
  take_judgements(
    {Judge::Kind::peer, sent.peer}, sent.rows, sent.shards, sent.due,
    std::make_shared<logic::ShardJudgements>(std::move(*decoded)));
  use_credit(sent.peer);
}

void JudgementRouter::give_back(const Sent& sent) {
  book_.give_back(sent.peer, sent.bytes);
  metrics().judgements_asked_bytes.Decrement(static_cast<double>(sent.bytes));
}

/// It is gone, or has nobody to answer: its shards are somebody else's soon.
void JudgementRouter::take_peer_error(const Sent& sent) {
  give_back(sent);
  const bool waits = sent.due && questions_.find(*sent.due);
  book_.failed({Judge::Kind::peer, sent.peer}, sent.rows, sent.shards, waits);
  if (waits)
    ask_elsewhere(*sent.due, sent.shards, {});
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
  if (!book_.is_waited_for(shards)) {
    owe(due, shards);
    return;
  }
  if (const auto settled = book_.settles_at(now()))
    questions_.find(due.number)->deadline = *settled;
  keep_ticking();
}

void JudgementRouter::owe(Due due, const ShardSet& shards) {
  book_.owe(questions_.find(due.number)->rows, shards);
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
      book_.note_missed(part->shards);
      owe(due, part->shards);
    } else if (part->lacks_credit) {
      short_of_credit_.insert(part->judge.id);
      owe(due, part->shards);
    } else {
      if (book_.note_late(part->judge.id))
        metrics().peers_late.Increment();
      give_up(due);
    }
  }
  if (others)
    keep_ticking();
}

// -- Who owns what ------------------------------------------------------------

messages::ShardsOutdone
JudgementRouter::take_own(const messages::OwnShards& news) {
  book_.set_own(news.shards);
  ask_found();
  metrics().judgements_owed_bytes.Set(static_cast<double>(book_.owed_bytes()));
  messages::ShardsOutdone answer;
  answer.linked = !links_.empty();
  const auto outdone = book_.owners().outdone();
  for (const auto& [shard, generation] : news.shards)
    if (shard < outdone.size() && outdone.test(shard))
      answer.shards.push_back(shard);
  return answer;
}

void JudgementRouter::link_up(const messages::LinkUp& news) {
  const auto incarnation = news.peer.node.incarnation;
  links_[incarnation] = news.peer.link;
  book_.link_up(incarnation);
}

void JudgementRouter::link_down(const messages::LinkDown& news) {
  links_.erase(news.incarnation);
  short_of_credit_.erase(news.incarnation);
  book_.link_down(news.incarnation);
}

void JudgementRouter::take_owners(const messages::PeerOwners& news) {
  std::vector<logic::detection::OwnedShard> shards;
  shards.reserve(news.shards.size());
  for (const auto& claim : news.shards)
    shards.push_back({claim.shard, claim.generation});
  book_.set_peer(news.incarnation, shards);
  ask_found();
}

void JudgementRouter::take_credit(const messages::PeerCredit& news) {
  book_.grant(news.incarnation, news.bytes);
}

messages::JudgementsStatus JudgementRouter::report(messages::ReportStatus) {
  messages::JudgementsStatus status;
  const auto& owners = book_.owners();
  const auto add = [&](std::uint64_t owner, const ShardSet& shards) {
    auto& share = status.owners.emplace_back();
    share.incarnation = owner;
    for (std::uint32_t shard = 0; shard != parameters_.shard_count; ++shard)
      if (shards.test(shard))
        share.shards.push_back(shard);
  };
  add(0, owners.own());
  for (const auto& share : owners.elsewhere())
    add(share.peer, share.shards);
  for (std::uint32_t shard = 0; shard != parameters_.shard_count; ++shard)
    if (owners.nobodys().test(shard))
      status.unowned.push_back(shard);
  status.shard_count = parameters_.shard_count;
  for (const auto& [incarnation, account] : book_.peers())
    status.peers.push_back(
      {incarnation, account.asked_bytes, account.granted_bytes, account.late});
  status.owed_bytes = book_.owed_bytes();
  const auto whole = [](const auto& counter) {
    return static_cast<std::uint64_t>(counter.Value());
  };
  status.here = judged_here_;
  status.elsewhere = whole(metrics().events_judged_elsewhere);
  status.unjudged = whole(metrics().events_unjudged);
  status.for_others = whole(metrics().events_judged_for_others);
  for (const auto& line : lines_)
    status.detectors.push_back(line.use());
  return status;
}

/// Owners that were missing may be known now: first comes what they are
/// owed, then what waits, then what is new.
void JudgementRouter::ask_found() {
  pay_debts();
  const auto& nobodys = book_.owners().nobodys();
  for (const auto& due : questions_.due([&](const auto&, const auto& part) {
         return part.judge.kind == Judge::Kind::nobody
                && (part.shards & ~nobodys).any();
       })) {
    questions_.find(due.number)->deadline = now() + parameters_.wait;
    ask_owners_of(due, questions_.find(due)->shards, {});
  }
}

void JudgementRouter::pay_debts() {
  short_of_credit_.clear();
  // What a peer has no credit for waits, and all that comes after it.
  ShardSet unpaid;
  for (const auto& debt : book_.payable())
    pay(debt, unpaid);
}

void JudgementRouter::pay(const logic::detection::OwedRows::Debt& debt,
                          ShardSet& unpaid) {
  const auto& owners = book_.owners();
  const auto own = owners.own() & debt.shards;
  for (std::size_t detector = 0; detector != hosted_.size(); ++detector)
    if (const auto shards = own & hosted_[detector]; shards.any())
      tell_detector(detector, debt.rows, shards);
  for (const auto& share : owners.elsewhere()) {
    const auto shards = share.shards & debt.shards;
    if (shards.none())
      continue;
    if ((shards & unpaid).any()
        || !send_to_peer(share.peer, debt.rows, shards, std::nullopt)) {
      short_of_credit_.insert(share.peer);
      unpaid |= share.shards;
      book_.owe(debt.rows, shards);
    }
  }
}

/// What an owner before it was asked.
void JudgementRouter::tell_detector(std::size_t detector,
                                    const LoginRowsPtr& rows,
                                    const ShardSet& shards) {
  if (!detectors_[detector])
    return;
  self_
    ->request(detectors_[detector], caf::infinite,
              messages::JudgeRows{{}, rows, shards, nullptr})
    .then(
      [this, detector, rows, shards](const messages::RowsJudged& answer) {
        take_judgements({Judge::Kind::detector, detector}, rows, shards,
                        std::nullopt, answer.judgements);
      },
      [](const caf::error&) {});
}

/// Somebody else is to be asked about those shards: they were elsewhere.
void JudgementRouter::ask_elsewhere(Due due, ShardSet shards,
                                    logic::ShardJudgements so_far) {
  auto* const question = questions_.find(due.number);
  if (++question->moves > max_moves) {
    book_.owe(question->rows, shards);
    const auto rest = logic::detection::unjudged(*question->rows, shards);
    count_unjudged(rest);
    so_far.events.insert(so_far.events.end(), rest.events.begin(),
                         rest.events.end());
    so_far.judgements.insert(so_far.judgements.end(), rest.judgements.begin(),
                             rest.judgements.end());
    take_answer(due,
                std::make_shared<logic::ShardJudgements>(std::move(so_far)));
  } else {
    ask_owners_of(due, shards, std::move(so_far));
  }
}

/// The part is answered by what is known so far, and those shards become parts
/// anew.
void JudgementRouter::ask_owners_of(Due due, ShardSet shards,
                                    logic::ShardJudgements so_far) {
  const auto* const question = questions_.find(due.number);
  const auto rows = question->rows;
  const auto first = question->parts.size();
  add_owners(due.number, *rows, shards);
  questions_.answer(
    due, std::make_shared<logic::ShardJudgements>(std::move(so_far)));
  const auto parts = questions_.find(due.number)->parts.size();
  for (auto part = first; part != parts; ++part)
    ask_part({due.number, part});
  finish_if_answered(due.number);
}

} // namespace millrace::actors
