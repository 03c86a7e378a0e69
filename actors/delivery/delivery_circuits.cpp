#include "actors/delivery/delivery_circuits.hpp"

#include <algorithm>
#include <utility>

namespace millrace::actors {

namespace {

using logic::CircuitState;
using logic::Destination;

/// The last failure that is the destination's doing: a record that is refused
/// for what it holds says nothing of its topic.
const logic::DeliveryFailure*
last_failure(const logic::DeliveryReports& reports, Destination destination) {
  const auto found = std::find_if(
    reports.failed.rbegin(), reports.failed.rend(),
    [destination](const logic::DeliveryFailure& failure) {
      using logic::DeliveryFault;
      return failure.destination == destination
             && failure.blame == logic::Blame::record
             && failure.fault != DeliveryFault::record
             && failure.fault != DeliveryFault::too_large
             && failure.fault != DeliveryFault::timestamp;
    });
  return found == reports.failed.rend() ? nullptr : &*found;
}

bool delivered(const logic::DeliveryReports& reports, Destination destination) {
  return std::any_of(
    reports.delivered.begin(), reports.delivered.end(),
    [destination](const logic::DeliveryReports::Delivered& report) {
      return report.destination == destination;
    });
}

} // namespace

OutputCircuit::OutputCircuit(Metrics& metrics, logic::Log& log)
  : log_(log), gauge_(metrics.circuit_state("output")) {}

void OutputCircuit::look_at(const logic::DeliveryReports& reports,
                            bool output_waits, TimePoint now) {
  const auto* failure = last_failure(reports, Destination::output);
  // Elsewhere they would only hide how the output fails.
  const bool probed_by_others = circuit_.state(now) != CircuitState::closed
                                && failure == nullptr && !output_waits
                                && !reports.delivered.empty();
  if (delivered(reports, Destination::output) || probed_by_others) {
    circuit_.on_success(now);
  } else if (failure != nullptr) {
    reason_ = failure->text;
    circuit_.on_failure(now);
  }
  const auto state = circuit_.state(now);
  gauge_.Set(static_cast<double>(state));
  const bool closed = state == CircuitState::closed;
  // Each probe of an outage would be two lines.
  if (std::exchange(told_closed_, closed) != closed)
    log_.limited(
      now, logic::LogLevel::warn, "producer",
      "the circuit to the output changed",
      {{"state", to_string(state)}, {"error", closed ? "" : reason_.c_str()}});
}

CircuitWords OutputCircuit::words(TimePoint now) const {
  const auto state = circuit_.state(now);
  return {state, state == CircuitState::closed ? std::string{} : reason_};
}

DeadLetterCircuit::DeadLetterCircuit(Metrics& metrics, logic::Log& log)
  : log_(log), gauge_(metrics.circuit_state("dead_letters")) {}

std::optional<DeadLetterCircuit::TimePoint>
DeadLetterCircuit::look_at(const logic::DeliveryReports& reports,
                           TimePoint now) {
  const bool was_open = is_open();
  const auto* failure = last_failure(reports, Destination::dead_letters);
  if (delivered(reports, Destination::dead_letters)) {
    failures_ = 0;
  } else if (failure != nullptr) {
    ++failures_;
    reason_ = failure->text;
  }
  if (was_open != is_open()) {
    const auto state = words().state;
    gauge_.Set(static_cast<double>(state));
    log_.limited(now, logic::LogLevel::warn, "producer",
                 "the circuit to the dead letters changed",
                 {{"state", to_string(state)},
                  {"error", is_open() ? reason_.c_str() : ""}});
  }
  if (failure == nullptr || !is_open())
    return std::nullopt;
  return now + open_for.delay(failures_ - failures_to_open + 1);
}

CircuitWords DeadLetterCircuit::words() const {
  if (!is_open())
    return {};
  return {CircuitState::open, reason_};
}

} // namespace millrace::actors
