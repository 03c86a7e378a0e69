#pragma once

#include "node/config/node_config.hpp"

#include <prometheus/collectable.h>

#include <memory>

namespace millrace::node {

/// When the certificates of links and of Kafka expire, as their files are at
/// each scrape: those that a node takes anew show without a restart.
std::shared_ptr<prometheus::Collectable>
make_certificate_metrics(const NodeConfig& config);

} // namespace millrace::node
