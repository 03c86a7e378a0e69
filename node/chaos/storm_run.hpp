#pragma once

#include "logic/core/result.hpp"
#include "node/chaos/storm_report.hpp"
#include "node/chaos/storm_setup.hpp"
#include "node/config/load_config.hpp"
#include "node/lifecycle/signals.hpp"

#include <optional>
#include <ostream>

namespace millrace::node::chaos {

/// Runs a node on an embedded broker under load, does the faults, waits until
/// every record has ended, and judges. The configuration has been arranged.
/// Nothing where a signal ended it; an error where the run proves nothing.
/// Bounded: gives up when nothing moves for a minute, and when it lasts five
/// times as long as the load and at least ten minutes longer. Blocks; prints
/// how it goes to `out`, and the report before the node is stopped.
logic::Result<std::optional<StormReport>>
run_storm(LoadedConfig loaded, const StormOptions& options,
          SignalWaiter& waiter, std::ostream& out);

} // namespace millrace::node::chaos
