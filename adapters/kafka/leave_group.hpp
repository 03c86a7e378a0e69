#pragma once

#include "adapters/kafka/client.hpp"

#include <chrono>

namespace millrace::adapters::kafka {

/// Gives all partitions back and leaves the consumer group, serving the
/// rebalance on `events`. Returns at `until` at the latest; whether it came
/// to an end says rd_kafka_consumer_closed.
void leave_group(rd_kafka_t* client, rd_kafka_queue_t* events,
                 std::chrono::steady_clock::time_point until);

} // namespace millrace::adapters::kafka
