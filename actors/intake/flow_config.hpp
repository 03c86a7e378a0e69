#pragma once

#include "logic/core/settings.hpp"

#include <cstdint>

namespace millrace::actors {

/// How much the node holds at once and how many work on it.
struct FlowConfig {
  logic::ByteSize memory_budget{256ULL * 1024 * 1024};
  std::int64_t batch_max_records = 1000;
  logic::ByteSize batch_max_bytes{256 * 1024};
  std::int64_t max_read_ahead = 500'000;
  std::int64_t workers = 0;

  /// Lanes and scheduler threads: `workers`, or one per processor for 0.
  std::uint32_t worker_count(std::uint32_t processors) const noexcept;

  /// The part of the budget for the Kafka client's fetch queue.
  std::uint64_t client_queue_bytes() const noexcept {
    return memory_budget.bytes / 4;
  }

  /// The part of the budget for batches in flight, given out as credit.
  std::int64_t in_flight_bytes() const noexcept {
    return static_cast<std::int64_t>(memory_budget.bytes
                                     - client_queue_bytes());
  }
};

void describe(logic::SettingVisitor& visitor, FlowConfig& config);

} // namespace millrace::actors
