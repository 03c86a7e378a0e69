#pragma once

#include "logic/core/result.hpp"
#include "logic/faults/fault_storm.hpp"
#include "node/config/load_config.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::node::chaos {

/// A storm to be run.
struct StormOptions {
  std::uint64_t seed = 1; ///< of the events; the faults are given
  std::vector<logic::faults::TimedFault> faults;
  std::chrono::milliseconds duration{60'000}; ///< of the load
  double rate = 20'000.0; ///< events a second
  double bad_share = 0.02; ///< of the events
  bool timeline = false;
  bool terminal = false; ///< whether `out` is one
  std::string again; ///< the command that runs the same storm
};

/// How many records the load will have.
std::uint64_t events_of(const StormOptions& options);

/// Sets what a storm needs and nobody set: short deadlines, wide limits.
void arrange_for_storm(LoadedConfig& loaded, const StormOptions& options);

/// How long records are gathered before they are written. The embedded broker
/// keeps no more than 100,000 batches of a partition, however small, and
/// searches them one by one whenever it is read from.
std::chrono::milliseconds linger_of(const StormOptions& options);

/// What the broker must keep of each partition until the verdict, with room
/// for uneven ones.
std::uint64_t retention_mib(const StormOptions& options);

/// Whether there is memory for that: the broker keeps every event, as input
/// and as output. `invalid_argument` where there is not.
logic::Result<void> check_memory(const StormOptions& options);

} // namespace millrace::node::chaos
