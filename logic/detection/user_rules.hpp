#pragma once

#include "logic/detection/detection_config.hpp"
#include "logic/detection/user_state.hpp"
#include "logic/records/validated_batch.hpp"

#include <cstdint>
#include <string>

namespace millrace::logic::detection {

/// What a login tells about its user's habits.
struct Login {
  std::int64_t time_ms = -1; ///< event time, -1 where unknown
  bool located = false;
  float latitude = 0.0F; ///< degrees
  float longitude = 0.0F; ///< degrees
  std::uint16_t country = 0; ///< two letters, see `pack_country`
  std::uint32_t device = 0; ///< hash of the device id, 0 where it has none
  LoginStatus status = LoginStatus::unknown;
};

/// The limits of the rules about one user, in the units that they work in.
struct RuleLimits {
  explicit RuleLimits(const DetectionConfig& config);

  std::int64_t slot_ms; ///< an eighth of the velocity window
  std::uint32_t window_s;
  std::uint32_t velocity_limit;
  float travel_max_speed_kmh;
  float travel_min_distance_km;
  std::uint32_t new_device_min_logins;
};

/// What one login looks like against what is known of its user.
struct Findings {
  std::uint8_t rules = 0; ///< bit `1 << Rule`
  bool new_device = false;
  bool new_country = false;
  std::uint16_t from_country = 0; ///< of the login before, 0 where unknown
  std::uint16_t to_country = 0;
  std::uint32_t logins = 0; ///< before this one, saturating
  std::uint32_t logins_in_window = 0; ///< this one included
  std::uint32_t failures = 0; ///< in a row, this one included
  float gap_s = -1.0F; ///< since the last login; -1 where there was none
  float travel_km = 0.0F; ///< from the last located login, 0 where unknown
  float travel_hours = 0.0F; ///< taken for it, at least a second
};

/// Compares without changing anything. `repeated`: the state already counts
/// this login. A login older than the last one is compared all the same,
/// with the time between them taken as positive.
///
/// The window counts whole slots: a login counts for at least seven eighths
/// of the window and never longer than the window, so that the velocity rule
/// never fires on logins further apart than that.
Findings compare(const UserState& before, const Login& login,
                 const RuleLimits& limits, bool repeated) noexcept;

/// Counts the login. Place, device and gap follow the newest event time, so
/// that a late login does not move the user back.
void remember(UserState& state, const Login& login,
              const RuleLimits& limits) noexcept;

/// What the rules in `findings.rules` saw, for people, parts separated by
/// "; ". Without personal data.
std::string explain(const Findings& findings, const RuleLimits& limits);

/// The first two letters of a country code as a number; 0 where it is
/// shorter.
std::uint16_t pack_country(std::string_view code) noexcept;

} // namespace millrace::logic::detection
