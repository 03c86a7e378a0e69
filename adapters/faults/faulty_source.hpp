#pragma once

#include "adapters/faults/client_faults.hpp"
#include "logic/intake/record_source.hpp"

#include <memory>

namespace millrace::adapters::faults {

/// A source that does as the given one does, save for commits that are
/// ordered to fail: those do not reach it.
std::unique_ptr<logic::RecordSource>
make_faulty_source(std::unique_ptr<logic::RecordSource> source,
                   std::shared_ptr<ClientFaults> client_faults);

} // namespace millrace::adapters::faults
