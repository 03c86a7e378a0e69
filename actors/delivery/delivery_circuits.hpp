#pragma once

#include "actors/telemetry/metrics.hpp"
#include "logic/core/back_off.hpp"
#include "logic/core/log.hpp"
#include "logic/delivery/circuit_breaker.hpp"
#include "logic/delivery/delivery_reports.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace millrace::actors {

/// What a destination's circuit says of itself.
struct CircuitWords {
  logic::CircuitState state = logic::CircuitState::closed;
  std::string reason; ///< the last refusal, while not closed
};

/// The circuit breaker around the output topic, shown as a metric.
class OutputCircuit {
public:
  using TimePoint = logic::CircuitBreaker::TimePoint;

  OutputCircuit(Metrics& metrics, logic::Log& log);

  /// Reports in which an output failed and none was delivered count as one
  /// failure of the output, however many records they name. `output_waits`:
  /// an output that failed waits to be sent again. Where none does, a probe
  /// may consist of dead letters alone.
  void look_at(const logic::DeliveryReports& reports, bool output_waits,
               TimePoint now);

  bool allows(TimePoint now) { return circuit_.allows(now); }
  /// Nothing was sent although it was allowed.
  void on_unused(TimePoint now) { circuit_.on_unused(now); }
  std::optional<TimePoint> next_probe() const { return circuit_.next_probe(); }
  CircuitWords words(TimePoint now) const;

private:
  /// Everything waits for the output, so it is probed often.
  static constexpr logic::CircuitBreakerConfig config{
    .open_for = {std::chrono::milliseconds{500},
                 std::chrono::milliseconds{5'000}}};

  logic::Log& log_;
  prometheus::Gauge& gauge_;
  logic::CircuitBreaker circuit_{config};
  bool told_closed_ = true;
  std::string reason_;
};

/// The same for the dead-letter topic, which must not hold back the output: it
/// only says how long dead letters are to wait.
class DeadLetterCircuit {
public:
  using TimePoint = logic::CircuitBreaker::TimePoint;

  DeadLetterCircuit(Metrics& metrics, logic::Log& log);

  /// Until when no dead letter should be sent; nothing while the topic takes
  /// them.
  std::optional<TimePoint> look_at(const logic::DeliveryReports& reports,
                                   TimePoint now);

  CircuitWords words() const;

private:
  static constexpr std::uint32_t failures_to_open = 5;
  static constexpr logic::BackOff open_for{std::chrono::milliseconds{500},
                                           std::chrono::milliseconds{5'000}};

  bool is_open() const noexcept { return failures_ >= failures_to_open; }

  logic::Log& log_;
  prometheus::Gauge& gauge_;
  std::uint32_t failures_ = 0; ///< in succession
  std::string reason_;
};

} // namespace millrace::actors
