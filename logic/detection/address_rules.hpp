#pragma once

#include "logic/detection/address_state.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/records/judgement.hpp"
#include "logic/records/validated_batch.hpp"

#include <cstdint>

namespace millrace::logic::detection {

/// One login as it concerns the address that it came from.
struct AddressLogin {
  std::int64_t time_ms = -1; ///< event time, -1 where unknown
  std::uint64_t user_hash = 0;
  LoginStatus status = LoginStatus::unknown;
};

/// The limits of the rules about one address.
struct AddressLimits {
  explicit AddressLimits(const DetectionConfig& config);

  std::int64_t half_ms; ///< of the window
  std::uint32_t window_s;
  std::uint32_t spray_users;
};

/// What the logins of an address look like, this one included.
struct AddressFindings {
  bool spray = false; ///< the rule `password_spray` fires
  bool succeeded = false; ///< this login did, after the others failed
  UserSketch users; ///< that failed from there in the window
  std::uint32_t failures = 0;
  std::uint32_t successes = 0;
};

/// Counts the login, unless it is older than the window; several such in a row
/// start it anew (see `windows_are_ahead`). A success counts against the rule:
/// where most get in, many people share an address.
///
/// The window is that of two whole halves: a failure counts for at least half
/// of the window and never longer than the window.
void remember(AddressState& state, const AddressLogin& login,
              const AddressLimits& limits) noexcept;

/// Looks at what the state holds, this login among it. The rule fires on
/// failures, and on a success: whose password was found, perhaps.
AddressFindings consider(const AddressState& state, const AddressLogin& login,
                         const AddressLimits& limits) noexcept;

/// What to tell of it.
Finding explain(const AddressFindings& findings, const AddressLimits& limits);

} // namespace millrace::logic::detection
