#pragma once

#include "logic/detection/user_rules.hpp"
#include "logic/records/judgement.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// One user's logins, told by hand, and what the rules say of them.
namespace millrace::tests {

using namespace logic;
using namespace logic::detection;

inline constexpr std::int64_t noon_ms = 1'700'000'000'000;
inline constexpr double hour = 3600.0;

struct City {
  float latitude;
  float longitude;
  std::string_view country;
};

inline constexpr City lisbon{38.7223F, -9.1393F, "PT"};
inline constexpr City porto{41.1579F, -8.6291F, "PT"};
inline constexpr City hartford{41.7658F, -72.6734F, "US"};

/// A user with a state of its own and default limits.
class User {
public:
  explicit User(DetectionConfig config = {}) : limits_(config) {}

  Findings login(double at_s, std::uint16_t device = 0,
                 const City* city = nullptr,
                 LoginStatus status = LoginStatus::unknown) {
    const auto login = make(at_s, device, city, status);
    const auto findings = compare(state_, login, limits_, false);
    remember(state_, login, limits_);
    return findings;
  }

  Findings login(double at_s, const City& city) {
    return login(at_s, 0, &city);
  }

  const UserState& state() const { return state_; }
  const RuleLimits& limits() const { return limits_; }

  static Login make(double at_s, std::uint16_t device, const City* city,
                    LoginStatus status) {
    Login login;
    login.time_ms = noon_ms + static_cast<std::int64_t>(at_s * 1000.0);
    login.device = device;
    login.status = status;
    if (city) {
      login.located = true;
      login.latitude = city->latitude;
      login.longitude = city->longitude;
      login.country = pack_country(city->country);
    }
    return login;
  }

private:
  RuleLimits limits_;
  UserState state_;
};

/// What is told of a login, as one text.
inline std::string explain(const Findings& findings, const RuleLimits& limits,
                           const Login& login = {}) {
  std::vector<Finding> told;
  detection::explain(findings, login, limits, told);
  std::string text;
  for (const auto& finding : told)
    text += (text.empty() ? "" : "; ") + finding.text;
  return text;
}

inline bool is_anomalous(const Findings& findings, const RuleLimits& limits) {
  return (findings.rules & ~low_rules(findings, limits)) != 0;
}

inline bool fired(const Findings& findings, Rule rule) {
  return (findings.rules & (1U << static_cast<unsigned>(rule))) != 0;
}

} // namespace millrace::tests
