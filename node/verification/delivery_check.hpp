#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/core/result.hpp"
#include "logic/verification/delivery_verifier.hpp"
#include "logic/verification/verification_report.hpp"
#include "node/lifecycle/exit_code.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace millrace::node {

struct DeliveryCheckOptions {
  logic::verification::Guarantee guarantee
    = logic::verification::Guarantee::at_least_once;
  /// Judged offsets of every input partition, half open; all without.
  std::optional<std::int64_t> from;
  std::optional<std::int64_t> to;
  std::optional<std::uint64_t> expect_dead; ///< records, of the judged ones
  std::size_t offender_limit = 10; ///< of each fault
  std::string member_prefix; ///< output.member_prefix of the node
  bool allow_truncated = false;
  bool json = false;
  /// How long a silent broker is waited for.
  std::chrono::milliseconds patience{15'000};
};

struct DeliveryCheck {
  logic::verification::VerificationReport report;
  std::vector<std::string> warnings; ///< a sentence each
};

/// Reads the three topics of the configuration from end to end and judges
/// them. Blocks while it reads. Records that arrive in the input meanwhile
/// are left out. Errors: `not_found` for an unknown topic, `unavailable` or
/// `timed_out` for a silent broker, `invalid_argument` for a range.
logic::Result<DeliveryCheck>
check_delivery(const adapters::kafka::KafkaConfig& kafka,
               const DeliveryCheckOptions& options);

/// The same as a command: the report goes to `out`, warnings and errors to
/// `complaints`; the exit code is `success`, `verdict_failed`, `unavailable`
/// or `usage`.
ExitCode report_delivery(const adapters::kafka::KafkaConfig& kafka,
                         const DeliveryCheckOptions& options, std::ostream& out,
                         std::ostream& complaints);

} // namespace millrace::node
