#include "logic/detection/evidence.hpp"
#include "logic/detection/user_rules.hpp"

#include <algorithm>
#include <string>
#include <utility>

/// How much findings weigh, and how they are told.
namespace millrace::logic::detection {

namespace {

/// So many failed logins of the user lately, and no login of theirs is above
/// suspicion.
constexpr std::uint32_t telling_failures = 3;

bool has(const Findings& findings, Rule rule) noexcept {
  return (findings.rules & bit_of(rule)) != 0;
}

enum class Whence { unknown, home, elsewhere };

/// Where the login comes from against where the user was last, as far as
/// geolocation or the address itself can tell.
Whence whence(const Findings& findings, const RuleLimits& limits) noexcept {
  if (findings.has_from)
    return findings.travel_km < limits.travel_min_distance_km
             ? Whence::home
             : Whence::elsewhere;
  if (findings.same_address)
    return Whence::home;
  if (findings.to_country == 0 || findings.from_country == 0)
    return Whence::unknown;
  return findings.to_country == findings.from_country ? Whence::home
                                                      : Whence::elsewhere;
}

Severity severity_of(Rule rule, const Findings& findings,
                     const RuleLimits& limits) noexcept {
  const bool pressed = findings.failures_in_window >= telling_failures;
  const bool travelled = has(findings, Rule::impossible_travel);
  switch (rule) {
    case Rule::impossible_travel:
      if (findings.quiet)
        return Severity::low;
      return findings.new_device || pressed ? Severity::high : Severity::medium;
    case Rule::new_country:
      if (findings.quiet)
        return Severity::low;
      if (findings.known_device && !pressed && !travelled)
        return Severity::low;
      return findings.new_device && (travelled || pressed) ? Severity::high
                                                           : Severity::medium;
    case Rule::new_device:
      return whence(findings, limits) == Whence::home && !pressed
               ? Severity::low
               : Severity::medium;
    case Rule::brute_force_success:
      // From home with their own device it may be the user, under attack.
      return findings.known_device && whence(findings, limits) == Whence::home
               ? Severity::medium
               : Severity::high;
    default:
      return Severity::medium;
  }
}

void tell_velocity(const Findings& findings, const RuleLimits& limits,
                   Finding& told) {
  told.text = std::to_string(findings.logins_in_window) + " logins in "
              + std::to_string(limits.window_s) + " s, limit "
              + std::to_string(limits.velocity_limit);
  EvidenceWriter{told.evidence}
    .number("logins", findings.logins_in_window)
    .number("window_minutes", limits.window_s / 60.0, 1)
    .number("limit", limits.velocity_limit);
}

void write_places(const Findings& findings, const Login& login,
                  EvidenceWriter& writer) {
  writer
    .place("from", {findings.from_country, findings.has_from,
                    findings.from_latitude, findings.from_longitude})
    .place("to", {findings.to_country, login.located, login.latitude,
                  login.longitude});
  if (findings.quiet)
    writer.flag("quiet_network", true);
}

void tell_travel(const Findings& findings, const Login& login, Finding& told) {
  append_number(told.text, findings.travel_km, 0);
  told.text += " km in ";
  append_number(told.text, findings.travel_hours,
                findings.travel_hours < 0.1F ? 4 : 1);
  told.text += " h, from " + country_name(findings.from_country) + " to "
               + country_name(findings.to_country);
  EvidenceWriter writer{told.evidence};
  writer.number("distance_km", findings.travel_km)
    .number("minutes", findings.travel_hours * 60.0F, 1)
    .number("speed_kmh", findings.travel_km / findings.travel_hours);
  write_places(findings, login, writer);
}

void tell_new_device(const Findings& findings, Finding& told) {
  told.text = "unknown device after " + std::to_string(findings.logins)
              + " logins";
  EvidenceWriter{told.evidence}
    .number("logins", findings.logins)
    .number("known_devices", findings.known_devices)
    .number("failures", findings.failures_in_window);
}

void tell_new_country(const Findings& findings, const Login& login,
                      Finding& told) {
  told.text = "first time from " + country_name(findings.to_country) + " after "
              + std::to_string(findings.logins) + " logins, last from "
              + country_name(findings.from_country);
  EvidenceWriter writer{told.evidence};
  writer.number("logins", findings.logins)
    .number("known_countries", findings.known_countries)
    .flag("known_device", findings.known_device);
  write_places(findings, login, writer);
}

void tell_brute_force(const Findings& findings, const RuleLimits& limits,
                      bool success, Finding& told) {
  told.text = (success ? "success after " : "")
              + std::to_string(findings.failures_in_window)
              + " failed logins in " + std::to_string(limits.failure_window_s)
              + " s, limit " + std::to_string(limits.failure_limit);
  EvidenceWriter writer{told.evidence};
  writer.number("failures", findings.failures_in_window)
    .number("window_minutes", limits.failure_window_s / 60.0, 1)
    .number("limit", limits.failure_limit);
  if (success)
    writer.flag("known_device", findings.known_device);
}

} // namespace

RuleBits low_rules(const Findings& findings,
                   const RuleLimits& limits) noexcept {
  RuleBits low = 0;
  for (const auto rule :
       {Rule::impossible_travel, Rule::new_device, Rule::new_country})
    if (has(findings, rule)
        && severity_of(rule, findings, limits) == Severity::low)
      low = static_cast<RuleBits>(low | bit_of(rule));
  return low;
}

bool is_explained(const Findings& findings, const RuleLimits& limits) noexcept {
  if (findings.rules != 0)
    return low_rules(findings, limits) == findings.rules;
  if (!findings.known_device
      || findings.failures_in_window >= limits.failure_limit)
    return false;
  const bool elsewhere = whence(findings, limits) == Whence::elsewhere;
  return elsewhere != (findings.failures_in_window > 0);
}

void explain(const Findings& findings, const Login& login,
             const RuleLimits& limits, std::vector<Finding>& to) {
  for (std::size_t index = 0; index != rule_count; ++index) {
    const auto rule = static_cast<Rule>(index);
    if (!has(findings, rule))
      continue;
    Finding told;
    told.rule = rule;
    told.severity = severity_of(rule, findings, limits);
    if (rule == Rule::velocity)
      tell_velocity(findings, limits, told);
    else if (rule == Rule::impossible_travel)
      tell_travel(findings, login, told);
    else if (rule == Rule::new_device)
      tell_new_device(findings, told);
    else if (rule == Rule::new_country)
      tell_new_country(findings, login, told);
    else
      tell_brute_force(findings, limits, rule == Rule::brute_force_success,
                       told);
    to.push_back(std::move(told));
  }
}

} // namespace millrace::logic::detection
