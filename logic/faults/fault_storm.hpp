#pragma once

#include "logic/core/result.hpp"
#include "logic/faults/fault_mix.hpp"
#include "logic/faults/fault_order.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace millrace::logic::faults {

inline constexpr std::uint32_t max_storm_faults = 1'000'000;
inline constexpr std::chrono::milliseconds max_storm_duration{86'400'000};

/// How long hangs last, and how many there may be at one time.
struct HangBounds {
  /// After which a node takes an actor for hung; it finds it within twice
  /// that.
  std::chrono::milliseconds deadline{1'000};

  /// Each hang lasts from `shortest` to `longest` deadlines. From 2 on it is
  /// sure to be found.
  std::uint32_t shortest = 2;
  std::uint32_t longest = 3;

  /// Hangs at one time, each of which holds a thread, so fewer than the node
  /// has workers. A hang counts for one deadline longer than it lasts, as an
  /// order may reach its actor late. 0 plans none.
  std::uint32_t max_at_once = 1;
};

/// How long the embedded broker goes away.
struct OutageBounds {
  std::chrono::milliseconds shortest{200};
  std::chrono::milliseconds longest{1'500};

  /// From its return to its next going, at least.
  std::chrono::milliseconds pause{5'000};
};

struct StormConfig {
  std::uint64_t seed = 1;
  std::uint32_t faults = 300; ///< 1 to `max_storm_faults`
  std::chrono::milliseconds duration{60'000}; ///< to `max_storm_duration`
  std::uint32_t lanes = 1; ///< validators, enrichers and encoders
  std::uint32_t detectors = 1; ///< 0 without detection
  bool insights = true; ///< whether the node has that actor
  bool trainer = true;
  FaultMix mix = default_mix();
  HangBounds hang;
  OutageBounds broker_down;
};

/// A fault of a storm.
struct TimedFault {
  std::chrono::milliseconds at{0}; ///< from the start of the storm
  std::uint32_t number = 0; ///< its place in the storm, from 1
  FaultOrder order;

  friend bool operator==(const TimedFault&, const TimedFault&) = default;
};

/// Whether a storm can be made of it; the error (invalid_argument) names the
/// field and what is allowed.
Result<void> check(const StormConfig& config);

/// Plans a storm; the config must pass `check`. The same config makes the
/// same storm on every machine and with every standard library.
///
/// The faults are sorted by time and numbered from 1; one lies at random in
/// each of `faults` equal parts of the duration. A hang or outage that would
/// break its bounds gives way to another kind of the mix; if the mix has no
/// other, the fault is left out, so that only a mix of nothing but hangs and
/// outages makes fewer faults than asked for. Who is hit is drawn first by
/// kind of actor, then by number, so that the share of the single actors does
/// not fall with the number of lanes. The last hang and outage may end after
/// `duration`.
///
/// Each poison of a storm has a match of its own, "POISON-" and its number
/// with zeros in front, none of which is contained in another: read it from
/// the order, and plant it in a record.
std::vector<TimedFault> make_storm(const StormConfig& config);

} // namespace millrace::logic::faults
