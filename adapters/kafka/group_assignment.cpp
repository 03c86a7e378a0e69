#include "adapters/kafka/group_assignment.hpp"

#include <string_view>

namespace millrace::adapters::kafka {

namespace {

ErrorPtr assign(rd_kafka_t* client,
                const rd_kafka_topic_partition_list_t* partitions) {
  const auto error = rd_kafka_assign(client, partitions);
  return ErrorPtr{error == RD_KAFKA_RESP_ERR_NO_ERROR
                    ? nullptr
                    : rd_kafka_error_new(error, "%s", rd_kafka_err2str(error))};
}

} // namespace

bool rebalances_eagerly(rd_kafka_t* client) {
  const char* protocol = rd_kafka_rebalance_protocol(client);
  return protocol != nullptr && std::string_view{protocol} == "EAGER";
}

ErrorPtr take_over(rd_kafka_t* client,
                   const rd_kafka_topic_partition_list_t* partitions) {
  return rebalances_eagerly(client)
           ? assign(client, partitions)
           : ErrorPtr{rd_kafka_incremental_assign(client, partitions)};
}

ErrorPtr give_back(rd_kafka_t* client,
                   const rd_kafka_topic_partition_list_t* partitions) {
  return rebalances_eagerly(client)
           ? assign(client, nullptr)
           : ErrorPtr{rd_kafka_incremental_unassign(client, partitions)};
}

} // namespace millrace::adapters::kafka
