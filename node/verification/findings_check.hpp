#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "node/lifecycle/exit_code.hpp"

#include <chrono>
#include <ostream>
#include <string>

namespace millrace::node {

struct FindingsCheckOptions {
  std::string topic; ///< the outputs of one node alone
  double share = 0.99; ///< of each rule's findings that must agree
  std::string member_prefix; ///< output.member_prefix of the nodes
  /// How long a silent broker is waited for.
  std::chrono::milliseconds patience{15'000};
};

/// Compares the outputs of the configuration with those of one node that read
/// the same input: the comparison goes to `out`, errors to `complaints`; the
/// exit code is `success`, `verdict_failed` or `unavailable`. Blocks.
ExitCode report_findings(const adapters::kafka::KafkaConfig& kafka,
                         const FindingsCheckOptions& options, std::ostream& out,
                         std::ostream& complaints);

} // namespace millrace::node
