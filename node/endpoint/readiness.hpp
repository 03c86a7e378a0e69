#pragma once

#include "node/endpoint/http_endpoint.hpp"
#include "node/endpoint/node_status.hpp"

#include <string>

namespace millrace::node {

/// Ready means: partitions (or the group's answer that there are none for
/// us), brokers that answer both ways, and no end in sight; of a worker that
/// somebody is linked who may have work for it.
Readiness readiness_of(const NodeStatus& status);

/// Why nothing of a partition gets finished, as far as the consumer can tell.
std::string stall_reason(const messages::ConsumerStatus& consumer,
                         const messages::PartitionStatus& partition);

} // namespace millrace::node
