#pragma once

#include "logic/records/enriched_batch.hpp"
#include "logic/records/judgement.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// Where one input record ends: on the output topic with new bytes, or on
/// the dead-letter topic with its own.
struct EncodedRecord {
  std::uint32_t record = 0; ///< index into the raw batch
  bool dead = false;
  Reason reason = Reason::not_json; ///< of a dead letter
  /// Of an output: its place in `EncodedBatch::bytes`.
  std::uint32_t begin = 0;
  std::uint32_t length = 0;
  /// Of a dead letter: index into `EncodedBatch::details`.
  std::uint32_t detail = 0;
};

/// Output values of a batch in one contiguous buffer, one `EncodedRecord`
/// for each input record in record order. Immutable once published; the
/// producer sends from it without copying, so it lives until the last
/// delivery report.
struct EncodedBatch {
  RecordBatchPtr raw;
  std::vector<EncodedRecord> records;
  std::string bytes;
  std::vector<std::string> details;
  std::string poisoned_stage; ///< which stage fails on it; empty otherwise
};

using EncodedBatchPtr = std::shared_ptr<const EncodedBatch>;

} // namespace millrace::logic
