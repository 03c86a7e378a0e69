#pragma once

#include "logic/detection/detection_config.hpp"
#include "logic/detection/user_state.hpp"
#include "logic/records/judgement.hpp"
#include "logic/records/validated_batch.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace::logic::detection {

/// What a login tells about its user's habits.
struct Login {
  std::int64_t time_ms = -1; ///< event time, -1 where unknown
  bool located = false;
  float latitude = 0.0F; ///< degrees
  float longitude = 0.0F; ///< degrees
  std::uint16_t country = 0; ///< two letters, see `pack_country`
  std::uint16_t device = 0; ///< hash of the device id, 0 where it has none
  std::uint16_t address = 0; ///< hash, 0 where it has none
  /// From a network whose users are elsewhere: its place is nobody's.
  bool quiet = false;
  LoginStatus status = LoginStatus::unknown;
};

/// The limits of the rules about one user, in the units that they work in.
struct RuleLimits {
  explicit RuleLimits(const DetectionConfig& config);

  std::int64_t slot_ms; ///< an eighth of the velocity window
  std::int64_t failure_slot_ms; ///< a quarter of the brute-force window
  std::int64_t longest_window_ms;
  std::uint32_t window_s;
  std::uint32_t velocity_limit;
  std::uint32_t failure_window_s;
  std::uint32_t failure_limit;
  float travel_max_speed_kmh;
  float travel_min_distance_km;
  std::uint32_t new_device_min_logins;
  std::uint32_t new_country_min_logins;
};

/// What one login looks like against what is known of its user.
struct Findings {
  RuleBits rules = 0;
  bool new_device = false;
  bool known_device = false; ///< neither new nor without a name
  bool new_country = false;
  bool same_address = false; ///< as the login before
  bool quiet = false; ///< from a quiet network
  bool succeeded = false; ///< the event says so
  bool has_from = false; ///< `from` is a place with coordinates
  std::uint16_t from_country = 0; ///< of the login before, 0 where unknown
  std::uint16_t to_country = 0;
  std::uint8_t known_countries = 0;
  std::uint8_t known_devices = 0;
  std::uint32_t logins = 0; ///< before this one, saturating
  std::uint32_t logins_in_window = 0; ///< this one included
  std::uint32_t failures = 0; ///< in a row, this one included
  std::uint32_t failures_in_window = 0; ///< this one included
  float gap_s = -1.0F; ///< since the last login; -1 where there was none
  float travel_km = 0.0F; ///< from the last located login, 0 where unknown
  float travel_hours = 0.0F; ///< taken for it, at least a second
  float from_latitude = 0.0F; ///< degrees
  float from_longitude = 0.0F; ///< degrees
};

/// Compares without changing anything. `repeated`: the state already counts
/// this login. A login older than the last one is compared all the same,
/// with the time between them taken as positive.
///
/// A failed login is no habit of the user's: it fires `velocity` and
/// `brute_force` only.
///
/// The windows count whole slots: a login counts for at least seven eighths
/// of the velocity window and never longer than the window, so that the rule
/// never fires on logins further apart than that; a failure for at least three
/// quarters of the brute-force window.
Findings compare(const UserState& before, const Login& login,
                 const RuleLimits& limits, bool repeated) noexcept;

/// Counts the login. Place, device, country and the count of logins are
/// learnt from those that did not fail, place and country not from quiet
/// networks; they follow the newest event time, so that a late login does not
/// move the user back. Only the windows go back, to several that are older than
/// both (see `windows_are_ahead`).
void remember(UserState& state, const Login& login,
              const RuleLimits& limits) noexcept;

/// Of `findings.rules`, those that do not make the event anomalous.
RuleBits low_rules(const Findings& findings, const RuleLimits& limits) noexcept;

/// Whether what is unusual about the login is also harmless: there are findings
/// and all are low; or it is the user's own device, at a possible distance, or
/// not elsewhere after a few mistyped passwords.
bool is_explained(const Findings& findings, const RuleLimits& limits) noexcept;

/// Appends what the rules in `findings.rules` saw, in the order of `Rule`.
void explain(const Findings& findings, const Login& login,
             const RuleLimits& limits, std::vector<Finding>& to);

/// The first two letters of a country code as a number; 0 where it is
/// shorter.
std::uint16_t pack_country(std::string_view code) noexcept;

} // namespace millrace::logic::detection
