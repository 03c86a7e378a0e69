#pragma once

#include "adapters/sabotage/sabotage.hpp"
#include "logic/ports.hpp"

#include <memory>

namespace millrace::adapters::sabotage {

/// A source that does as the given one does, save for commits that are
/// ordered to fail: those do not reach it.
std::unique_ptr<logic::RecordSource>
sabotage_source(std::unique_ptr<logic::RecordSource> source,
                std::shared_ptr<Sabotage> sabotage);

} // namespace millrace::adapters::sabotage
