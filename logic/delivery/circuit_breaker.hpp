#pragma once

#include "logic/core/back_off.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::logic {

struct CircuitBreakerConfig {
  /// Consecutive failures that open the circuit; at least 1.
  std::uint32_t failures_to_open = 5;
  /// How long it stays open: the first time, doubling with every probe that
  /// fails.
  BackOff open_for{std::chrono::milliseconds{1'000},
                   std::chrono::milliseconds{60'000}};
  /// Consecutive successful probes that close it; at least 1.
  std::uint32_t successes_to_close = 1;
  /// A probe that reports nothing for so long counts as failed.
  std::chrono::milliseconds probe_deadline{30'000};
};

/// Numbers stand in metrics: never renumber.
enum class CircuitState : std::uint8_t {
  closed = 0, ///< all calls go through
  open = 1, ///< no call goes through
  half_open = 2 ///< one call at a time goes through, to see
};

/// The name in snake_case.
std::string_view to_string(CircuitState state) noexcept;

/// How often each state was entered, since construction.
struct CircuitTransitions {
  std::uint64_t opened = 0;
  std::uint64_t half_opened = 0;
  std::uint64_t closed = 0;
  friend bool operator==(const CircuitTransitions&, const CircuitTransitions&)
    = default;
};

/// Spares something outside that fails, and finds out when it works again:
/// the circuit breaker of Nygard, Release It! (2nd edition, chapter 5).
///
/// Whoever is about to call asks `allows`, and reports how each call that was
/// allowed ended. Reports on calls from before the circuit opened are ignored
/// while it is open or no probe is out; while one is out, they cannot be told
/// from its own. Nothing runs in here: an open circuit turns half open when
/// somebody looks late enough. Times must not go back. Not thread-safe.
class CircuitBreaker {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit CircuitBreaker(CircuitBreakerConfig config);

  /// Whether a call may be made now. In a half-open circuit, true makes that
  /// call the probe: no other goes through until its end is reported.
  bool allows(TimePoint now);

  void on_success(TimePoint now);
  void on_failure(TimePoint now);
  /// The call that was allowed last was not made after all.
  void on_unused(TimePoint now);

  CircuitState state(TimePoint now) const;

  /// When a call that is not allowed now will be, if nothing is reported
  /// until then; nothing if the circuit is closed. In the past if a probe is
  /// overdue to be made.
  std::optional<TimePoint> next_probe() const;

  /// As of the last call of a method that is not const.
  const CircuitTransitions& transitions() const noexcept {
    return transitions_;
  }
  /// Consecutive ones, while closed.
  std::uint32_t failures() const noexcept { return failures_; }

private:
  void advance(TimePoint now);
  void open(TimePoint now);
  void close();

  CircuitBreakerConfig config_;
  CircuitState state_ = CircuitState::closed;
  CircuitTransitions transitions_;
  std::uint32_t failures_ = 0; ///< in succession, while closed
  std::uint32_t successes_ = 0; ///< in succession, of probes
  std::uint32_t openings_ = 0; ///< since it was last closed
  bool probing_ = false;
  /// When open: of the next probe. When probing: of the probe's deadline.
  TimePoint due_;
};

} // namespace millrace::logic
