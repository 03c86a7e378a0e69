#pragma once

#include "adapters/kafka/client.hpp"

#include <cstddef>

namespace millrace::adapters::kafka {

/// The consumer behind KafkaSource: cooperative, without any commit of its
/// own, holding at most `queue_bytes` of prefetched records.
logic::Result<ClientPtr> create_consumer(const KafkaConfig& config,
                                         std::size_t queue_bytes);

} // namespace millrace::adapters::kafka
