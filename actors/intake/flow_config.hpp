#pragma once

#include "logic/core/settings.hpp"
#include "logic/intake/memory_plan.hpp"
#include "logic/records/footprint.hpp"

#include <cstddef>
#include <cstdint>

namespace millrace::actors {

/// How much the node holds at once and how many work on it.
struct FlowConfig {
  logic::ByteSize memory_budget{logic::MemoryPlan::default_budget_bytes};
  std::int64_t batch_max_records = 1000;
  logic::ByteSize batch_max_bytes{256 * 1024};
  std::int64_t max_read_ahead = 500'000;
  std::int64_t workers = 0;
  std::int64_t rate_limit = 0; ///< events a second; 0: none
  std::int64_t rate_burst = 0; ///< events; 0: one second's worth

  /// Lanes and scheduler threads: `workers`, or one per processor for 0.
  std::uint32_t worker_count(std::uint32_t processors) const noexcept;

  logic::MemoryPlan memory_plan() const noexcept {
    return logic::MemoryPlan{memory_budget.bytes};
  }

  /// Of batches that are not a single record beyond the limit.
  std::uint64_t largest_batch_bytes() const noexcept {
    return logic::footprint_bytes(
      batch_max_bytes.bytes, static_cast<std::uint64_t>(batch_max_records));
  }

  /// The credit of each of so many lanes.
  std::uint64_t lane_window_bytes(std::size_t lanes) const noexcept {
    return memory_plan().lane_window_bytes(lanes, largest_batch_bytes());
  }
};

void describe(logic::SettingVisitor& visitor, FlowConfig& config);

} // namespace millrace::actors
