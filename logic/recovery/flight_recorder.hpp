#pragma once

#include "logic/core/ids.hpp"
#include "logic/records/record_batch.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::logic {

/// What to do with consecutive records of a batch, because of what is known
/// from earlier lives of this process.
struct BatchCut {
  enum class Treatment : std::uint8_t {
    ordinary,
    alone, ///< with nothing else in flight, as it may kill the process
    dead_letter ///< it has killed the process on its own
  };
  std::size_t first_index = 0;
  std::size_t count = 0;
  Treatment treatment = Treatment::ordinary;
};

/// Is told what is in flight, so that it is known after a sudden death.
class FlightRecorder {
public:
  virtual ~FlightRecorder() = default;
  virtual std::vector<BatchCut> cut(const RecordBatch& batch) = 0;
  virtual void begin(BatchId id, const RecordBatch& batch, bool alone) = 0;
  /// Finished, or somebody else's from now on.
  virtual void end(BatchId id, bool finished) = 0;
  /// Committed: whatever lies before is never read again.
  virtual void forget_before(PartitionId partition, Offset next) = 0;
};

} // namespace millrace::logic
