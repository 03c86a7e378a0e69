#pragma once

#include "adapters/faults/client_faults.hpp"
#include "logic/delivery/record_sink.hpp"

#include <memory>

namespace millrace::adapters::faults {

/// A sink that does as the given one does, save for what is ordered. What is
/// refused behind a fence is reported only when all that went before is, so
/// that an owner who replaces the client at the first fatal report does not
/// give up records that are on their way, and send them twice.
std::unique_ptr<logic::RecordSink>
make_faulty_sink(std::unique_ptr<logic::RecordSink> sink,
                 std::shared_ptr<ClientFaults> client_faults);

} // namespace millrace::adapters::faults
