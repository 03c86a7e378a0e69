#include "logic/detection/user_rules.hpp"

#include "logic/geo/place.hpp"
#include "logic/records/judgement.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace millrace::logic::detection {

namespace {

constexpr auto slots = static_cast<std::int32_t>(UserState::window_slots);

std::uint8_t bit(Rule rule) noexcept {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(rule));
}

template <class T>
T one_more(T count) noexcept {
  return count == std::numeric_limits<T>::max() ? count
                                                : static_cast<T>(count + 1);
}

std::uint32_t to_seconds(std::int64_t time_ms) noexcept {
  constexpr std::int64_t last = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::min(time_ms / 1000, last));
}

/// Slot numbers wrap in 32 bits; a window is at least ten seconds, so that
/// differences of years stay unambiguous.
std::uint32_t slot_of(const Login& login, const RuleLimits& limits) noexcept {
  return static_cast<std::uint32_t>(login.time_ms / limits.slot_ms);
}

std::int32_t slots_since(const UserState& state, std::uint32_t slot) noexcept {
  return static_cast<std::int32_t>(slot - state.slot);
}

std::uint32_t count_window(const UserState& state,
                           std::uint32_t slot) noexcept {
  // A late login sees the window as it stands.
  const auto passed = std::clamp(slots_since(state, slot), 0, slots);
  std::uint32_t count = 0;
  for (std::int32_t age = 0; age < slots - passed; ++age)
    count += state.slot_logins[(state.slot - static_cast<std::uint32_t>(age))
                               % UserState::window_slots];
  return count;
}

void count_login(UserState& state, std::uint32_t slot) noexcept {
  const auto passed = slots_since(state, slot);
  if (passed <= -slots)
    return;
  for (std::int32_t step = 1; step <= std::min(passed, slots); ++step)
    state.slot_logins[(state.slot + static_cast<std::uint32_t>(step))
                      % UserState::window_slots]
      = 0;
  if (passed > 0)
    state.slot = slot;
  auto& count = state.slot_logins[slot % UserState::window_slots];
  count = one_more(count);
}

bool knows(const UserState& state, std::uint32_t device) noexcept {
  const auto* end = state.devices.begin() + state.device_count;
  return std::find(state.devices.begin(), end, device) != end;
}

/// Puts the device in front; the one used longest ago falls out.
void remember_device(UserState& state, std::uint32_t device) noexcept {
  auto* const begin = state.devices.begin();
  auto* end = begin + state.device_count;
  auto* place = std::find(begin, end, device);
  if (place == end) {
    if (state.device_count < UserState::max_devices)
      ++state.device_count;
    else
      --place;
    *place = device;
  }
  std::rotate(begin, place, place + 1);
}

void compare_places(Findings& findings, const UserState& before,
                    const Login& login) noexcept {
  if (!login.located || before.located_at_s == 0 || login.time_ms < 0)
    return;
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

void append_number(std::string& text, float number, int decimals) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, number,
                                 std::chars_format::fixed, decimals);
  text.append(digits, end.ptr);
}

std::string country_name(std::uint16_t country) {
  if (country == 0)
    return "an unknown country";
  return {static_cast<char>(country >> 8), static_cast<char>(country & 0xFF)};
}

std::string explain_travel(const Findings& findings) {
  std::string text;
  append_number(text, findings.travel_km, 0);
  text += " km in ";
  append_number(text, findings.travel_hours,
                findings.travel_hours < 0.1F ? 4 : 1);
  text += " h, from " + country_name(findings.from_country) + " to "
          + country_name(findings.to_country);
  return text;
}

} // namespace

RuleLimits::RuleLimits(const DetectionConfig& config)
  : slot_ms(std::max<std::int64_t>(1, config.velocity_window.count() / slots)),
    window_s(to_seconds(config.velocity_window.count())),
    velocity_limit(static_cast<std::uint32_t>(config.velocity_limit)),
    travel_max_speed_kmh(static_cast<float>(config.travel_max_speed_kmh)),
    travel_min_distance_km(static_cast<float>(config.travel_min_distance_km)),
    new_device_min_logins(
      static_cast<std::uint32_t>(config.new_device_min_logins)) {}

Findings compare(const UserState& before, const Login& login,
                 const RuleLimits& limits, bool repeated) noexcept {
  Findings findings;
  findings.logins = before.logins;
  findings.from_country = before.country;
  findings.to_country = login.country;
  const std::uint32_t itself = repeated ? 0 : 1;
  findings.logins_in_window = itself;
  if (login.status == LoginStatus::failure)
    findings.failures = before.failures + itself;
  if (login.time_ms >= 0) {
    if (before.logins != 0)
      findings.logins_in_window += count_window(before, slot_of(login, limits));
    if (before.last_seen_ms >= 0)
      findings.gap_s = static_cast<float>(
                         std::abs(login.time_ms - before.last_seen_ms))
                       / 1000.0F;
  }
  if (findings.logins_in_window > limits.velocity_limit)
    findings.rules |= bit(Rule::velocity);
  compare_places(findings, before, login);
  if (findings.travel_km >= limits.travel_min_distance_km
      && findings.travel_km
           > limits.travel_max_speed_kmh * findings.travel_hours)
    findings.rules |= bit(Rule::impossible_travel);
  findings.new_country = login.country != 0 && before.country != 0
                         && login.country != before.country;
  findings.new_device = login.device != 0 && before.device_count != 0
                        && !knows(before, login.device);
  // Who has used as many devices as fit has no habit to depart from.
  if (findings.new_device && before.logins >= limits.new_device_min_logins
      && before.device_count < UserState::max_devices)
    findings.rules |= bit(Rule::new_device);
  return findings;
}

void remember(UserState& state, const Login& login,
              const RuleLimits& limits) noexcept {
  const bool newest = login.time_ms >= state.last_seen_ms;
  if (login.time_ms >= 0) {
    if (state.last_seen_ms < 0)
      state.slot = slot_of(login, limits);
    count_login(state, slot_of(login, limits));
    state.last_seen_ms = std::max(state.last_seen_ms, login.time_ms);
  }
  if (newest && login.country != 0)
    state.country = login.country;
  if (login.located && login.time_ms >= 1000
      && to_seconds(login.time_ms) >= state.located_at_s) {
    state.located_at_s = to_seconds(login.time_ms);
    state.latitude = login.latitude;
    state.longitude = login.longitude;
  }
  if (login.device != 0)
    remember_device(state, login.device);
  state.failures = login.status == LoginStatus::failure
                     ? one_more(state.failures)
                     : std::uint8_t{0};
  state.logins = one_more(state.logins);
}

std::string explain(const Findings& findings, const RuleLimits& limits) {
  std::string text;
  const auto part = [&](Rule rule) {
    if ((findings.rules & bit(rule)) == 0)
      return false;
    if (!text.empty())
      text += "; ";
    return true;
  };
  if (part(Rule::velocity))
    text += std::to_string(findings.logins_in_window) + " logins in "
            + std::to_string(limits.window_s) + " s, limit "
            + std::to_string(limits.velocity_limit);
  if (part(Rule::impossible_travel))
    text += explain_travel(findings);
  if (part(Rule::new_device))
    text += "unknown device after " + std::to_string(findings.logins)
            + " logins";
  return text;
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
