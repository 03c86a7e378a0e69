#pragma once

#include "adapters/sabotage/sabotage.hpp"
#include "logic/ports.hpp"

#include <memory>

namespace millrace::adapters::sabotage {

/// A sink that does as the given one does, save for what is ordered. What is
/// refused behind a fence is reported only when all that went before is, so
/// that an owner who replaces the client at the first fatal report does not
/// give up records that are on their way, and send them twice.
std::unique_ptr<logic::RecordSink>
sabotage_sink(std::unique_ptr<logic::RecordSink> sink,
              std::shared_ptr<Sabotage> sabotage);

} // namespace millrace::adapters::sabotage
