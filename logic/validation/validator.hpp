#pragma once

#include "logic/records/output_members.hpp"
#include "logic/records/record_batch.hpp"
#include "logic/records/validated_batch.hpp"
#include "logic/validation/outcome_config.hpp"
#include "logic/validation/validation_config.hpp"

#include <cstdint>
#include <memory>

namespace millrace::logic {

/// Turns records into login events: one parse per record, texts kept as
/// views into the batch. docs/validation.md says what passes and what does
/// not. Keeps its parser between calls, so one per thread; not thread-safe.
class Validator {
public:
  /// `members` are those that the output adds, and replaces.
  explicit Validator(ValidationConfig config, OutcomeConfig outcome = {},
                     OutputMembers members = OutputMembers{});
  ~Validator();
  Validator(Validator&&) noexcept;
  Validator& operator=(Validator&&) noexcept;

  /// Sorts every record of `raw` into events or rejections. `now_ms` is the
  /// clock, in milliseconds since 1970, that bounds timestamps. Never throws
  /// but for lack of memory: whatever the bytes are, the outcome is a value.
  ValidatedBatchPtr validate(RecordBatchPtr raw, std::int64_t now_ms);

private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

} // namespace millrace::logic
