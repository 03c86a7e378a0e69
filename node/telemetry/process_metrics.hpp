#pragma once

#include <prometheus/collectable.h>

#include <memory>

namespace millrace::node {

/// The metrics that Prometheus' client libraries give of their own process
/// (`process_...`), read from /proc at each scrape; left out where it cannot
/// be read.
std::shared_ptr<prometheus::Collectable> make_process_metrics();

} // namespace millrace::node
