#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/dead_letters/replay_criteria.hpp"
#include "node/lifecycle/exit_code.hpp"
#include "node/lifecycle/stop_waiter.hpp"

#include <chrono>
#include <ostream>
#include <string>

namespace millrace::node {

struct ReplayOptions {
  logic::ReplayCriteria criteria;
  std::string group; ///< empty: the consumer group and ".replay"
  double rate = 0.0; ///< records a second; 0: as fast as possible
  bool execute = false; ///< else it only says what it would do
  bool again = false; ///< from the begin, whatever the group has committed
  bool quiet = false; ///< no progress lines
  std::chrono::milliseconds patience{15'000}; ///< with a silent broker
};

/// Sends dead letters back to where they came from, up to the ends that the
/// topic has now, and commits how far it is behind what is delivered. The
/// report goes to `out`, progress, warnings and errors to `log`. The exit code
/// is `success`, `failure` (a topic refused some records), `usage`,
/// `unavailable` or `interrupted`. Blocks.
ExitCode replay_dead_letters(const adapters::kafka::KafkaConfig& kafka,
                             const ReplayOptions& options,
                             const StopWaiter& wait_for_stop, std::ostream& out,
                             std::ostream& log);

} // namespace millrace::node
