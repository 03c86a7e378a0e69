#pragma once

#include "actors/telemetry/metrics.hpp"
#include "logic/core/log.hpp"
#include "logic/delivery/circuit_breaker.hpp"
#include "logic/delivery/delivery_reports.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace millrace::actors {

/// The circuit breaker around the output topic, shown as a metric.
class OutputCircuit {
public:
  using TimePoint = logic::CircuitBreaker::TimePoint;

  OutputCircuit(Metrics& metrics, logic::Log& log)
    : log_(log), gauge_(metrics.circuit_state("output")) {}

  /// Reports in which nothing but failures came count as one failure of the
  /// output, however many records they name.
  void look_at(const logic::DeliveryReports& reports, TimePoint now) {
    if (!reports.delivered.empty())
      circuit_.on_success(now);
    else if (std::ranges::any_of(reports.failed, [](const auto& failure) {
               return failure.fault != logic::DeliveryFault::record;
             }))
      circuit_.on_failure(now);
    const auto state = circuit_.state(now);
    gauge_.Set(static_cast<double>(state));
    if (std::exchange(told_, state) != state)
      log_.warn("producer", "the circuit to the output changed",
                {{"state", to_string(state)}});
  }

  bool allows(TimePoint now) { return circuit_.allows(now); }
  std::optional<TimePoint> next_probe() const { return circuit_.next_probe(); }
  logic::CircuitState state(TimePoint now) const { return circuit_.state(now); }

private:
  /// Everything waits for the output, so it is probed often.
  static constexpr logic::CircuitBreakerConfig config{
    .open_for = {std::chrono::milliseconds{500},
                 std::chrono::milliseconds{5'000}}};

  logic::Log& log_;
  prometheus::Gauge& gauge_;
  logic::CircuitBreaker circuit_{config};
  logic::CircuitState told_ = logic::CircuitState::closed;
};

} // namespace millrace::actors
