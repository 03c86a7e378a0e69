#pragma once

#include "logic/dispatch_plan.hpp"
#include "logic/encoded_batch.hpp"

namespace millrace::logic {

/// The records of a burial as dead letters with the reason `poison`; the
/// detail names the stage, the error and the number of tries.
EncodedBatchPtr to_dead_letters(const Burial& burial);

} // namespace millrace::logic
