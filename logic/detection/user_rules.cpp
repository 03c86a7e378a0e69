#include "logic/detection/user_rules.hpp"

#include "logic/detection/late_logins.hpp"
#include "logic/geo/place.hpp"
#include "logic/records/judgement.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace millrace::logic::detection {

namespace {

template <class T>
T one_more(T count) noexcept {
  return count == std::numeric_limits<T>::max() ? count
                                                : static_cast<T>(count + 1);
}

std::uint32_t to_seconds(std::int64_t time_ms) noexcept {
  constexpr std::int64_t last = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::min(time_ms / 1000, last));
}

/// A ring of counts over the last slots of a window; the newest slot is the
/// one that `UserState::last_seen_ms` lies in.
template <std::size_t size>
using Slots = std::array<std::uint8_t, size>;

template <std::size_t size>
std::uint32_t count_window(const Slots<size>& counts, std::int64_t newest,
                           std::int64_t slot) noexcept {
  // A late login sees the window as it stands.
  const auto passed = std::clamp<std::int64_t>(slot - newest, 0, size);
  std::uint32_t count = 0;
  for (std::int64_t age = 0; age < std::int64_t{size} - passed; ++age)
    count += counts[static_cast<std::uint64_t>(newest - age) % size];
  return count;
}

/// The number of the slot that a time lies in. A division of doubles is several
/// times as fast as one of 64-bit integers, and as exact below 2^53 ms.
std::int64_t slot_of(std::int64_t time_ms, std::int64_t slot_ms) noexcept {
  return static_cast<std::int64_t>(static_cast<double>(time_ms)
                                   / static_cast<double>(slot_ms));
}

bool has_failures(const UserState& state) noexcept {
  return std::bit_cast<std::uint32_t>(state.slot_failures) != 0;
}

/// Moves the window to that slot, if it is newer.
template <std::size_t size>
void advance_window(Slots<size>& counts, std::int64_t newest,
                    std::int64_t slot) noexcept {
  const auto passed = std::min<std::int64_t>(slot - newest, size);
  for (std::int64_t step = 1; step <= passed; ++step)
    counts[static_cast<std::uint64_t>(newest + step) % size] = 0;
}

/// Counts in the slot, unless it is older than the window.
template <std::size_t size>
void count_slot(Slots<size>& counts, std::int64_t newest,
                std::int64_t slot) noexcept {
  if (newest - slot >= std::int64_t{size})
    return;
  auto& count = counts[static_cast<std::uint64_t>(slot) % size];
  count = one_more(count);
}

bool knows_device(const UserState& state, std::uint16_t device) noexcept {
  const auto* end = state.devices.begin() + state.device_count;
  return std::find(state.devices.begin(), end, device) != end;
}

std::uint8_t count_countries(const UserState& state) noexcept {
  return static_cast<std::uint8_t>(
    std::find(state.countries.begin(), state.countries.end(), 0)
    - state.countries.begin());
}

/// Puts the value in front of the `count` that are known; the one used longest
/// ago falls out.
template <std::size_t size>
std::uint8_t put_in_front(std::array<std::uint16_t, size>& values,
                          std::uint8_t count, std::uint16_t value) noexcept {
  auto* const begin = values.begin();
  auto* end = begin + count;
  auto* place = std::find(begin, end, value);
  if (place == end) {
    if (count < size)
      ++count;
    else
      --place;
    *place = value;
  }
  std::rotate(begin, place, place + 1);
  return count;
}

void compare_places(Findings& findings, const UserState& before,
                    const Login& login) noexcept {
  if (!login.located || before.located_at_s == 0 || login.time_ms < 0)
    return;
  findings.has_from = true;
  findings.from_latitude = before.latitude;
  findings.from_longitude = before.longitude;
  if (login.latitude != before.latitude || login.longitude != before.longitude)
    findings.travel_km = static_cast<float>(geo::distance_km(
      before.latitude, before.longitude, login.latitude, login.longitude));
  const auto seconds = std::abs(std::int64_t{to_seconds(login.time_ms)}
                                - std::int64_t{before.located_at_s});
  // Two places in the same second are as telling as in two; without the
  // second there would be no speed to state.
  findings.travel_hours = static_cast<float>(std::max<std::int64_t>(1, seconds))
                          / 3600.0F;
}

/// What the rules about counts say of any login, failed or not.
void compare_counts(Findings& findings, const UserState& before,
                    const Login& login, const RuleLimits& limits,
                    bool repeated) noexcept {
  const std::uint32_t itself = repeated ? 0 : 1;
  const bool failed = login.status == LoginStatus::failure;
  findings.logins_in_window = itself;
  findings.failures_in_window = failed ? itself : 0;
  if (failed)
    findings.failures = before.failures + itself;
  if (login.time_ms >= 0 && before.last_seen_ms >= 0) {
    findings.logins_in_window += count_window(
      before.slot_logins, slot_of(before.last_seen_ms, limits.slot_ms),
      slot_of(login.time_ms, limits.slot_ms));
    if (has_failures(before))
      findings.failures_in_window += count_window(
        before.slot_failures,
        slot_of(before.last_seen_ms, limits.failure_slot_ms),
        slot_of(login.time_ms, limits.failure_slot_ms));
    findings.gap_s = static_cast<float>(
                       std::abs(login.time_ms - before.last_seen_ms))
                     / 1000.0F;
  }
  if (findings.logins_in_window > limits.velocity_limit)
    findings.rules |= bit_of(Rule::velocity);
  if (findings.failures_in_window < limits.failure_limit)
    return;
  if (failed)
    findings.rules |= bit_of(Rule::brute_force);
  else if (findings.succeeded && !before.success_told)
    findings.rules |= bit_of(Rule::brute_force_success);
}

/// What the rules about habits say of a login that did not fail.
void compare_habits(Findings& findings, const UserState& before,
                    const RuleLimits& limits) noexcept {
  if (findings.travel_km >= limits.travel_min_distance_km
      && findings.travel_km
           > limits.travel_max_speed_kmh * findings.travel_hours)
    findings.rules |= bit_of(Rule::impossible_travel);
  // Who has used as many devices as fit has no habit to depart from; nor has
  // who was in as many countries.
  if (findings.new_device && before.logins >= limits.new_device_min_logins
      && findings.known_devices < UserState::max_devices)
    findings.rules |= bit_of(Rule::new_device);
  if (findings.new_country && before.logins >= limits.new_country_min_logins
      && findings.known_countries < UserState::max_countries)
    findings.rules |= bit_of(Rule::new_country);
}

} // namespace

RuleLimits::RuleLimits(const DetectionConfig& config)
  : slot_ms(std::max<std::int64_t>(
    1, config.velocity_window.count() / std::int64_t{UserState::window_slots})),
    failure_slot_ms(
      std::max<std::int64_t>(1, config.brute_force_window.count()
                                  / std::int64_t{UserState::failure_slots})),
    longest_window_ms(
      std::max(config.velocity_window, config.brute_force_window).count()),
    window_s(to_seconds(config.velocity_window.count())),
    velocity_limit(static_cast<std::uint32_t>(config.velocity_limit)),
    failure_window_s(to_seconds(config.brute_force_window.count())),
    failure_limit(static_cast<std::uint32_t>(config.brute_force_failures)),
    travel_max_speed_kmh(static_cast<float>(config.travel_max_speed_kmh)),
    travel_min_distance_km(static_cast<float>(config.travel_min_distance_km)),
    new_device_min_logins(
      static_cast<std::uint32_t>(config.new_device_min_logins)),
    new_country_min_logins(
      static_cast<std::uint32_t>(config.new_country_min_logins)) {}

Findings compare(const UserState& before, const Login& login,
                 const RuleLimits& limits, bool repeated) noexcept {
  Findings findings;
  findings.quiet = login.quiet;
  findings.succeeded = login.status == LoginStatus::success;
  findings.same_address = login.address != 0 && login.address == before.address;
  findings.logins = before.logins;
  findings.from_country = before.countries[0];
  findings.to_country = login.country;
  findings.known_devices = before.device_count;
  findings.known_countries = count_countries(before);
  compare_counts(findings, before, login, limits, repeated);
  compare_places(findings, before, login);
  findings.new_country = login.country != 0 && findings.known_countries != 0
                         && std::find(before.countries.begin(),
                                      before.countries.end(), login.country)
                              == before.countries.end();
  findings.known_device = login.device != 0
                          && knows_device(before, login.device);
  findings.new_device = login.device != 0 && before.device_count != 0
                        && !findings.known_device;
  if (login.status != LoginStatus::failure)
    compare_habits(findings, before, limits);
  return findings;
}

namespace {

/// Moves both windows to the login's time, if it is newer, and counts it.
void count_in_windows(UserState& state, const Login& login,
                      const RuleLimits& limits) noexcept {
  const bool older = state.last_seen_ms - login.time_ms
                     >= limits.longest_window_ms;
  if (windows_are_ahead(state.late, older)) {
    state.last_seen_ms = -1;
    state.slot_logins = {};
    state.slot_failures = {};
  }
  const bool failed = login.status == LoginStatus::failure;
  const auto before_ms = state.last_seen_ms;
  state.last_seen_ms = std::max(before_ms, login.time_ms);
  const auto slot = slot_of(state.last_seen_ms, limits.slot_ms);
  if (before_ms >= 0)
    advance_window(state.slot_logins, slot_of(before_ms, limits.slot_ms), slot);
  count_slot(state.slot_logins, slot, slot_of(login.time_ms, limits.slot_ms));
  if (!failed && !has_failures(state))
    return;
  const auto quarter = slot_of(state.last_seen_ms, limits.failure_slot_ms);
  if (before_ms >= 0)
    advance_window(state.slot_failures,
                   slot_of(before_ms, limits.failure_slot_ms), quarter);
  if (failed)
    count_slot(state.slot_failures, quarter,
               slot_of(login.time_ms, limits.failure_slot_ms));
  const bool forced = count_window(state.slot_failures, quarter, quarter)
                      >= limits.failure_limit;
  state.success_told = forced
                       && (state.success_told
                           || login.status == LoginStatus::success);
}

} // namespace

void remember(UserState& state, const Login& login,
              const RuleLimits& limits) noexcept {
  const bool failed = login.status == LoginStatus::failure;
  const bool newest = login.time_ms >= state.last_seen_ms;
  if (login.time_ms >= 0)
    count_in_windows(state, login, limits);
  state.failures = failed ? one_more(state.failures) : std::uint8_t{0};
  if (failed)
    return;
  state.logins = one_more(state.logins);
  if (login.device != 0
      && (state.device_count == 0 || login.device != state.devices[0]))
    state.device_count = put_in_front(state.devices, state.device_count,
                                      login.device);
  if (login.quiet)
    return;
  if (newest)
    state.address = login.address;
  if (newest && login.country != 0 && login.country != state.countries[0])
    put_in_front(state.countries, count_countries(state), login.country);
  if (login.located && login.time_ms >= 1000
      && to_seconds(login.time_ms) >= state.located_at_s) {
    state.located_at_s = to_seconds(login.time_ms);
    state.latitude = login.latitude;
    state.longitude = login.longitude;
  }
}

std::uint16_t pack_country(std::string_view code) noexcept {
  if (code.size() < 2)
    return 0;
  const auto letter = [&](std::size_t place) {
    return static_cast<unsigned>(static_cast<unsigned char>(code[place]));
  };
  return static_cast<std::uint16_t>(letter(0) << 8 | letter(1));
}

} // namespace millrace::logic::detection
