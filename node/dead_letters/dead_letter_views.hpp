#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/dead_letters/dead_letter_filter.hpp"
#include "logic/dead_letters/dead_letter_histogram.hpp"
#include "logic/dead_letters/dead_letter_text.hpp"
#include "node/lifecycle/exit_code.hpp"

#include <chrono>
#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

/// The commands of `millrace dlq` that change nothing. What was asked for goes
/// to `out`, warnings and errors to `complaints`; the exit code is `success`,
/// `usage`, `failure` (nobody takes the output) or `unavailable`. They block.
namespace millrace::node {

/// What they have in common.
struct DeadLetterQuery {
  const adapters::kafka::KafkaConfig& kafka;
  logic::DeadLetterFilter filter;
  std::chrono::milliseconds patience; ///< with a silent broker
  std::ostream& out;
  std::ostream& complaints;
};

/// The newest `limit` that the filter means, oldest first by the time when
/// they were given up; with 0 all, as they come.
ExitCode list_dead_letters(const DeadLetterQuery& query, std::size_t limit);

ExitCode show_dead_letters(const DeadLetterQuery& query,
                           const std::vector<logic::DeadLetterPlace>& places,
                           const logic::ShowOptions& options);

/// All kinds where none is named.
ExitCode count_dead_letters(const DeadLetterQuery& query,
                            std::vector<logic::HistogramKind> kinds);

/// JSON lines to the file, which must not exist yet and is only there when it
/// is whole, or without one to `out`; `limit` 0 is all.
ExitCode export_dead_letters(const DeadLetterQuery& query,
                             const std::string& file, std::uint64_t limit);

} // namespace millrace::node
