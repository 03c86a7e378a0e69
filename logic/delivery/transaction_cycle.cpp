#include "logic/delivery/transaction_cycle.hpp"

#include <algorithm>
#include <utility>

namespace millrace::logic {

namespace {

/// What is given up for a refusal may be reported before it.
const DeliveryFailure& reason(const std::vector<DeliveryFailure>& failed) {
  const auto found = std::ranges::find_if(failed, [](const auto& failure) {
    return failure.blame != Blame::neighbour;
  });
  return found == failed.end() ? failed.front() : *found;
}

} // namespace

bool TransactionCycle::may_send(Transactions& transactions, TimePoint now) {
  if (state_ == State::none && in_doubt_.empty() && now >= not_before_
      && transactions.begin()) {
    state_ = State::open;
    commit_at_ = now + limits_.interval;
  }
  return state_ == State::open || state_ == State::settling;
}

std::vector<PartitionOffset>
TransactionCycle::move(std::span<const PartitionOffset> offsets) {
  std::vector<PartitionOffset> committed;
  for (const auto& [partition, epoch, next] : offsets) {
    const PartitionEpoch held{partition, epoch};
    const auto done = committed_.find(held);
    if (done != committed_.end() && done->second >= next) {
      committed.push_back({partition, epoch, done->second});
      continue; // was told before the commit was known
    }
    auto& position = moved_.try_emplace(held, next).first->second;
    position = std::max(position, next);
  }
  return committed;
}

void TransactionCycle::forget(const PartitionEpoch& held, const Outbox& outbox,
                              Transactions& transactions) {
  moved_.erase(held);
  committed_.erase(held);
  in_doubt_.erase(held);
  std::erase_if(offsets_, [&](const auto& each) {
    return PartitionEpoch{each.partition, each.epoch} == held;
  });
  // A commit under way is settled by the broker: the group's generation goes
  // with it.
  if ((state_ == State::open || state_ == State::settling)
      && outbox.has_begun(held))
    abort(transactions, "a partition was lost");
}

TransactionCycle::News
TransactionCycle::advance(const DeliveryReports& reports, Outbox& outbox,
                          Transactions& transactions, std::size_t side_records,
                          TimePoint now) {
  News news;
  for (const auto& report : reports.transactions) {
    if (report.kind != TransactionReport::Kind::must_abort)
      take_in(report, outbox, news, now);
    else if (state_ != State::none && state_ != State::aborting)
      abort(transactions, report.error.text);
  }
  const bool under_way = state_ == State::open || state_ == State::settling;
  if (under_way && !reports.failed.empty())
    abort(transactions, reason(reports.failed).text);
  if (state_ == State::open && now >= commit_at_) {
    state_ = State::settling;
    outbox.hold_back(true);
  }
  if (state_ != State::settling)
    return news;
  if (outbox.settled() && side_records == 0) {
    commit(outbox, transactions);
  } else if (now >= commit_at_ + limits_.patience) {
    abort(transactions, "its records were not delivered in time");
  }
  return news;
}

void TransactionCycle::commit(const Outbox& outbox,
                              Transactions& transactions) {
  auto next = moved_;
  for (const auto& [partition, epoch, offset] : outbox.settled_positions()) {
    auto& position = next.try_emplace({partition, epoch}, offset).first->second;
    position = std::max(position, offset);
  }
  offsets_.clear();
  for (const auto& [held, offset] : next)
    offsets_.push_back({held.partition, held.epoch, offset});
  state_ = State::committing;
  transactions.commit(offsets_, member_);
}

void TransactionCycle::abort(Transactions& transactions, std::string why) {
  state_ = State::aborting;
  why_ = std::move(why);
  transactions.abort();
}

void TransactionCycle::take_in(const TransactionReport& report, Outbox& outbox,
                               News& news, TimePoint now) {
  switch (report.kind) {
    case TransactionReport::Kind::committed:
      on_committed(outbox, news);
      break;
    case TransactionReport::Kind::aborted:
      on_aborted(outbox, news, now);
      break;
    case TransactionReport::Kind::unknown:
      start_over(outbox, now);
      news.lost_track = true;
      news.error = report.error;
      break;
    case TransactionReport::Kind::must_abort:
      break;
  }
}

void TransactionCycle::on_committed(Outbox& outbox, News& news) {
  failures_ = 0;
  not_before_ = {};
  state_ = State::none;
  outbox.commit();
  outbox.hold_back(false);
  for (const auto& [partition, epoch, next] : offsets_) {
    committed_[{partition, epoch}] = next;
    const auto found = moved_.find({partition, epoch});
    if (found != moved_.end() && found->second <= next)
      moved_.erase(found);
  }
  news.ended = true;
  news.committed = std::exchange(offsets_, {});
}

void TransactionCycle::on_aborted(Outbox& outbox, News& news, TimePoint now) {
  news.aborted = std::exchange(why_, {});
  start_over(outbox, now);
  // The next one is another, and need not wait for anything to pass.
  if (std::exchange(lessons_, outbox.lessons()) != outbox.lessons()) {
    failures_ = 0;
    not_before_ = now;
  }
}

void TransactionCycle::start_over(Outbox& outbox, TimePoint now) {
  if (state_ == State::committing)
    lose_track(outbox);
  state_ = State::none;
  offsets_.clear();
  outbox.roll_back();
  outbox.hold_back(false);
  not_before_ = now + limits_.back_off.delay(++failures_);
}

/// The consumer gives back all that it holds: none of that is to be begun
/// before, in the transaction or not.
void TransactionCycle::lose_track(const Outbox& outbox) {
  const auto held = outbox.partitions();
  in_doubt_.insert(held.begin(), held.end());
  for (const auto& [partition, epoch, next] : offsets_)
    in_doubt_.insert({partition, epoch});
  for (const auto& [waiting, next] : moved_)
    in_doubt_.insert(waiting);
}

std::optional<TransactionCycle::TimePoint>
TransactionCycle::due() const noexcept {
  switch (state_) {
    case State::none:
      return not_before_ == TimePoint{} ? std::nullopt
                                        : std::optional{not_before_};
    case State::open:
      return commit_at_;
    case State::settling:
      return commit_at_ + limits_.patience;
    default:
      return std::nullopt;
  }
}

} // namespace millrace::logic
