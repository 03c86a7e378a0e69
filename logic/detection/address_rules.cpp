#include "logic/detection/address_rules.hpp"

#include "logic/detection/evidence.hpp"
#include "logic/detection/late_logins.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace millrace::logic::detection {

namespace {

void count(std::uint16_t& number) noexcept {
  if (number != std::numeric_limits<std::uint16_t>::max())
    ++number;
}

std::uint32_t half_of(std::int64_t time_ms,
                      const AddressLimits& limits) noexcept {
  return static_cast<std::uint32_t>(time_ms / limits.half_ms);
}

/// Makes room for a newer half.
void advance(AddressState& state, std::uint32_t half) noexcept {
  const bool next = half == state.half + 1;
  state.half = half;
  state.failed_users = {UserSketch{},
                        next ? state.failed_users[0] : UserSketch{}};
  state.failures = {0, next ? state.failures[0] : std::uint16_t{0}};
  state.successes = {0, next ? state.successes[0] : std::uint16_t{0}};
}

} // namespace

std::uint32_t UserSketch::estimate() const noexcept {
  constexpr auto size = static_cast<double>(bits);
  const auto free = std::max(1.0, size - static_cast<double>(at_least()));
  return static_cast<std::uint32_t>(std::lround(-size * std::log(free / size)));
}

AddressLimits::AddressLimits(const DetectionConfig& config)
  : half_ms(std::max<std::int64_t>(1, config.spray_window.count() / 2)),
    window_s(static_cast<std::uint32_t>(config.spray_window.count() / 1000)),
    spray_users(static_cast<std::uint32_t>(config.spray_users)) {}

void remember(AddressState& state, const AddressLogin& login,
              const AddressLimits& limits) noexcept {
  if (login.time_ms < 0 || login.status == LoginStatus::unknown)
    return;
  const auto half = half_of(login.time_ms, limits);
  if (half > state.half)
    advance(state, half);
  const bool older = state.half - half >= state.failures.size();
  if (windows_are_ahead(state.late, older))
    state = {.address_hash = state.address_hash, .half = half};
  else if (older)
    return;
  const auto age = state.half - half;
  if (login.status == LoginStatus::success) {
    count(state.successes[age]);
    return;
  }
  count(state.failures[age]);
  state.failed_users[age].add(login.user_hash);
}

AddressFindings consider(const AddressState& state, const AddressLogin& login,
                         const AddressLimits& limits) noexcept {
  AddressFindings findings;
  if (login.time_ms < 0 || login.status == LoginStatus::unknown)
    return findings;
  // A late login sees the window as it stands; a repeated one may come long
  // after.
  const auto half = half_of(login.time_ms, limits);
  const auto passed = half > state.half ? half - state.half : 0;
  if (passed >= state.failures.size())
    return findings;
  findings.users = state.failed_users[0];
  findings.failures = state.failures[0];
  findings.successes = state.successes[0];
  if (passed == 0) {
    findings.users = findings.users | state.failed_users[1];
    findings.failures += state.failures[1];
    findings.successes += state.successes[1];
  }
  findings.succeeded = login.status == LoginStatus::success;
  findings.spray = findings.users.at_least() >= limits.spray_users
                   && findings.failures > findings.successes;
  return findings;
}

Finding explain(const AddressFindings& findings, const AddressLimits& limits) {
  const auto users = findings.users.estimate();
  Finding told;
  told.rule = Rule::password_spray;
  told.severity = findings.succeeded ? Severity::high : Severity::medium;
  told.text = findings.succeeded ? "success of an address that failed at about "
                                 : "one address failed at about ";
  told.text += std::to_string(users) + " users in "
               + std::to_string(limits.window_s) + " s, limit "
               + std::to_string(limits.spray_users);
  EvidenceWriter{told.evidence}
    .number("users", users)
    .number("failures", findings.failures)
    .number("successes", findings.successes)
    .number("window_minutes", limits.window_s / 60.0, 1)
    .number("limit", limits.spray_users)
    .flag("succeeded", findings.succeeded);
  return told;
}

} // namespace millrace::logic::detection
