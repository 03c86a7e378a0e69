#pragma once

#include "adapters/kafka/client.hpp"

/// Changes of what a group's member holds. A cooperative group is told of each
/// partition that comes or goes, an eager one of all that is held
/// (KIP-429); librdkafka refuses the one in place of the other.
namespace millrace::adapters::kafka {

/// Whether the client's group takes everything from everybody to share out
/// anew.
bool rebalances_eagerly(rd_kafka_t* client);

/// Takes over what a rebalance has assigned; null on success.
ErrorPtr take_over(rd_kafka_t* client,
                   const rd_kafka_topic_partition_list_t* partitions);

/// Gives back what a rebalance has revoked; null on success.
ErrorPtr give_back(rd_kafka_t* client,
                   const rd_kafka_topic_partition_list_t* partitions);

} // namespace millrace::adapters::kafka
