#pragma once

#include "logic/records/record_batch.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::tests {

/// So many records of equal size, one after the other.
inline logic::RecordBatchPtr batch_of(std::int64_t first, std::size_t count,
                                      std::int32_t partition = 0) {
  using namespace logic;
  RecordBatch::Builder builder{"topic", PartitionId{partition},
                               AssignmentEpoch{1}};
  for (std::size_t index = 0; index != count; ++index) {
    RecordView record;
    record.offset = Offset{first + static_cast<std::int64_t>(index)};
    record.value = "value";
    builder.append(record);
  }
  return builder.finish();
}

inline const std::vector<logic::BatchId> nobody; ///< is suspected
inline constexpr std::uint64_t plenty = 1ULL << 40U; ///< of credit

} // namespace millrace::tests
