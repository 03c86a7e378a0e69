#include "logic/delivery/circuit_breaker.hpp"

#include <cassert>
#include <limits>
#include <utility>

namespace millrace::logic {

std::string_view to_string(CircuitState state) noexcept {
  switch (state) {
    case CircuitState::closed:
      return "closed";
    case CircuitState::open:
      return "open";
    case CircuitState::half_open:
      return "half_open";
  }
  return "unknown";
}

CircuitBreaker::CircuitBreaker(CircuitBreakerConfig config) : config_(config) {
  assert(config.failures_to_open != 0 && config.successes_to_close != 0);
}

/// Does what is due by the mere passing of time.
void CircuitBreaker::advance(TimePoint now) {
  if (probing_ && due_ <= now)
    open(due_);
  if (state_ == CircuitState::open && due_ <= now) {
    state_ = CircuitState::half_open;
    successes_ = 0;
    ++transitions_.half_opened;
  }
}

bool CircuitBreaker::allows(TimePoint now) {
  advance(now);
  if (state_ == CircuitState::closed)
    return true;
  if (state_ == CircuitState::open || probing_)
    return false;
  probing_ = true;
  due_ = now + config_.probe_deadline;
  return true;
}

void CircuitBreaker::on_success(TimePoint now) {
  advance(now);
  failures_ = 0;
  if (!probing_)
    return;
  probing_ = false;
  due_ = now;
  if (++successes_ >= config_.successes_to_close)
    close();
}

void CircuitBreaker::on_failure(TimePoint now) {
  advance(now);
  if (probing_
      || (state_ == CircuitState::closed
          && ++failures_ >= config_.failures_to_open))
    open(now);
}

void CircuitBreaker::on_unused(TimePoint now) {
  if (std::exchange(probing_, false))
    due_ = now;
}

void CircuitBreaker::open(TimePoint now) {
  state_ = CircuitState::open;
  probing_ = false;
  failures_ = 0;
  if (openings_ != std::numeric_limits<std::uint32_t>::max())
    ++openings_;
  due_ = now + config_.open_for.delay(openings_);
  ++transitions_.opened;
}

void CircuitBreaker::close() {
  state_ = CircuitState::closed;
  openings_ = 0;
  ++transitions_.closed;
}

CircuitState CircuitBreaker::state(TimePoint now) const {
  auto later = *this;
  later.advance(now);
  return later.state_;
}

std::optional<CircuitBreaker::TimePoint> CircuitBreaker::next_probe() const {
  if (state_ == CircuitState::closed)
    return std::nullopt;
  if (!probing_)
    return due_;
  auto silent = *this;
  silent.advance(due_);
  return silent.due_;
}

} // namespace millrace::logic
