#include "logic/delivery/waiting_line.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace millrace::logic {

namespace {

/// Refusals of the first in succession before another is tried: what passes
/// sooner is likelier an outage that ends than a record of that sort, and the
/// other one would overtake.
constexpr std::uint32_t patience = 6;

} // namespace

void WaitingLine::join(Place place, SendToken token, TimePoint now) {
  waiting_.emplace(place, token);
  until_ = std::max(until_, now);
}

bool WaitingLine::on_refused(SendToken token, TimePoint now,
                             const BackOff& back_off, bool passing) {
  const bool was_probe = probe_ == token;
  // What was sent before the line closed says nothing new.
  if (closed_ && !was_probe)
    return false;
  closed_ = true;
  probe_.reset();
  from_behind_ = was_probe && passing && refusals_ >= patience && !from_behind_
                 && !waiting_.empty();
  until_ = from_behind_ ? now : now + back_off.delay(++refusals_);
  return was_probe;
}

void WaitingLine::on_report(SendToken token) {
  if (probe_ == token)
    probe_.reset();
}

void WaitingLine::on_delivered(std::uint64_t records, TimePoint now) {
  delivered_ += records;
  if (!std::exchange(closed_, false))
    return;
  until_ = now;
  refusals_ = 0;
  probe_.reset();
}

WaitingLine::Waiting::const_iterator WaitingLine::choose() const {
  constexpr std::uint32_t most_doublings = 10;
  if (!closed_ || !from_behind_)
    return waiting_.begin();
  const auto places = std::size_t{1}
                      << std::min(refusals_ - patience, most_doublings);
  return std::next(waiting_.begin(), static_cast<std::ptrdiff_t>(
                                       std::min(places, waiting_.size() - 1)));
}

std::optional<SendToken> WaitingLine::next(TimePoint now) const {
  const auto when = due();
  if (!when || *when > now)
    return std::nullopt;
  return choose()->second;
}

void WaitingLine::on_sent(TimePoint now) {
  const auto sent = choose();
  if (closed_)
    probe_ = sent->second;
  waiting_.erase(sent);
  until_ = std::max(until_, now);
}

std::optional<WaitingLine::TimePoint> WaitingLine::due() const {
  if (waiting_.empty() || probe_)
    return std::nullopt;
  return until_;
}

std::size_t WaitingLine::count(std::uint64_t arrival) const {
  std::size_t records = 0;
  for_each(arrival, [&records](std::uint32_t) { ++records; });
  return records;
}

std::optional<std::uint32_t> WaitingLine::first(std::uint64_t arrival) const {
  const auto found = waiting_.lower_bound({arrival, 0});
  if (found == waiting_.end() || found->first.arrival != arrival)
    return std::nullopt;
  return found->first.index;
}

std::size_t WaitingLine::forget(std::uint64_t arrival) {
  const auto records = count(arrival);
  waiting_.erase(waiting_.lower_bound({arrival, 0}),
                 waiting_.lower_bound({arrival + 1, 0}));
  return records;
}

} // namespace millrace::logic
