#pragma once

#include "actors/telemetry/metrics.hpp"
#include "logic/delivery/outbox.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace millrace::actors {

/// Shows what an outbox has counted as metrics, each time what came since the
/// last.
class DeliveryCounts {
public:
  void show(const logic::Outbox& outbox, Metrics& metrics) {
    metrics.delivery_retries.Increment(
      static_cast<double>(outbox.retries() - retries_));
    retries_ = outbox.retries();
    metrics.dead_letter_references.Increment(
      static_cast<double>(outbox.references() - references_));
    references_ = outbox.references();
    metrics.replaced_timestamps.Increment(
      static_cast<double>(outbox.replaced_timestamps() - replaced_timestamps_));
    replaced_timestamps_ = outbox.replaced_timestamps();
    const auto& dead = outbox.dead_letters();
    for (std::size_t index = 0; index != dead.size(); ++index)
      if (const auto more = dead[index] - dead_[index])
        metrics.dead_letters[static_cast<logic::Reason>(index)].Increment(
          static_cast<double>(more));
    dead_ = dead;
  }

private:
  std::uint64_t retries_ = 0;
  std::uint64_t references_ = 0;
  std::uint64_t replaced_timestamps_ = 0;
  std::array<std::uint64_t, logic::reason_count> dead_{};
};

} // namespace millrace::actors
