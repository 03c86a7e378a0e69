#pragma once

#include "logic/records/encoded_batch.hpp"
#include "logic/recovery/dispatch_plan.hpp"

namespace millrace::logic {

/// Records that fail on every try as dead letters with the reason `poison`; the
/// detail names the stage, the error and the number of tries.
EncodedBatchPtr to_dead_letters(const PoisonedRecords& poisoned);

} // namespace millrace::logic
