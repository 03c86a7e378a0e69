#pragma once

#include "logic/records/record_batch.hpp"

#include <cstdint>

namespace millrace::logic {

/// What a batch costs in memory from the moment it is read until its last
/// delivery report: its own bytes, the columns of the stages, the output
/// bytes, and what the Kafka client keeps per queued record. The factors are
/// upper estimates for login events, checked by the budget test: an output
/// is at most about twice its input, an event's columns 200 bytes, a queued
/// record in the client 450.
constexpr std::uint64_t footprint_bytes(std::uint64_t payload_bytes,
                                        std::uint64_t records) noexcept {
  return 3 * payload_bytes + 1000 * records;
}

inline std::uint64_t footprint_bytes(const RecordBatch& batch) noexcept {
  return footprint_bytes(batch.payload_bytes(), batch.size());
}

} // namespace millrace::logic
