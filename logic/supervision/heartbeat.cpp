#include "logic/supervision/heartbeat.hpp"

#include <algorithm>
#include <cassert>

namespace millrace::logic::supervision {

void Silence::look(TimePoint now) noexcept {
  const auto gap = now - seen_;
  seen_ = now;
  lasted_ += gap > deadline_ / 2 ? deadline_ / 4 : gap;
}

TimePoint Silence::next_look() const noexcept {
  // Never now: whoever wakes at this time must not spin.
  const auto left = std::max(deadline_ - lasted_, Duration{1});
  return seen_ + std::min(deadline_ / 4, left);
}

Heartbeat::Heartbeat(std::chrono::milliseconds interval,
                     std::chrono::milliseconds deadline)
  : interval_(std::min(interval, deadline)), deadline_(deadline) {
  assert(interval.count() > 0 && deadline.count() > 0);
}

void Heartbeat::begin(TimePoint now) {
  next_ping_ = now + interval_;
  under_way_.reset();
}

bool Heartbeat::ping_due(TimePoint now) const noexcept {
  return !under_way_ && next_ping_ <= now;
}

void Heartbeat::asked(PingNumber ping, TimePoint now) {
  assert(!under_way_);
  next_ping_ = now + interval_;
  under_way_ = Ping{ping, Silence{deadline_, now}};
}

void Heartbeat::answered(PingNumber ping) noexcept {
  if (under_way_ && under_way_->number == ping)
    under_way_.reset();
}

void Heartbeat::look(TimePoint now) noexcept {
  if (under_way_)
    under_way_->silence.look(now);
}

bool Heartbeat::silent_too_long() const noexcept {
  return under_way_ && under_way_->silence.too_long();
}

TimePoint Heartbeat::next_due() const noexcept {
  return under_way_ ? under_way_->silence.next_look() : next_ping_;
}

Silence Heartbeat::silence(TimePoint now) const {
  return under_way_ ? under_way_->silence : Silence{deadline_, now};
}

} // namespace millrace::logic::supervision
