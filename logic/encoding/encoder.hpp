#pragma once

#include "logic/encoding/encoding_config.hpp"
#include "logic/records/encoded_batch.hpp"
#include "logic/records/enriched_batch.hpp"
#include "logic/records/judgement.hpp"
#include "logic/records/member_column.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace millrace::logic {

/// Whether the parts of a batch belong together: an origin for each event,
/// each record an event or a rejection, and each event judged once (or no
/// judgements at all), and each column has a value for each event. Anything
/// else would be written wrongly or beyond the end.
bool fits(const EnrichedBatch& batch,
          std::span<const ShardJudgementsPtr> judgements,
          std::span<const MemberColumnPtr> columns = {}) noexcept;

/// Writes the output values of a batch: each event's own bytes with
/// `processed_at`, `event_time`, `ip_class`, `geo`, `anomaly` and `source`
/// spliced in before the closing brace. docs/validation.md shows the form.
/// Keeps scratch memory between calls, so one per thread; not thread-safe.
class Encoder {
public:
  explicit Encoder(EncodingConfig config);
  ~Encoder();
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;

  /// One `EncodedRecord` for each input record, in record order. `judgements`
  /// hold each event of the batch exactly once, over all shards; empty where
  /// detection is off, and then no `anomaly` is written. `now_ms` becomes
  /// `processed_at`, in milliseconds since 1970. `columns` are written behind
  /// `anomaly`, in their order.
  EncodedBatchPtr encode(const EnrichedBatch& batch,
                         std::span<const ShardJudgementsPtr> judgements,
                         std::int64_t now_ms,
                         std::span<const MemberColumnPtr> columns = {});

private:
  class Writer;
  std::unique_ptr<Writer> writer_;
};

} // namespace millrace::logic
