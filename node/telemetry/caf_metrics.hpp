#pragma once

#include <prometheus/collectable.h>

#include <memory>

namespace caf {
class actor_system;
} // namespace caf

namespace millrace::node {

/// Shows the metrics of CAF's own registry (names `caf_...`) in ours.
/// `system` must outlive the last `Collect`: stop the endpoint first.
std::shared_ptr<prometheus::Collectable>
make_caf_metrics(const caf::actor_system& system);

} // namespace millrace::node
