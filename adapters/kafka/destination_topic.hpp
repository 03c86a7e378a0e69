#pragma once

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/topic_id_history.hpp"
#include "adapters/kafka/topic_limits.hpp"
#include "logic/core/ids.hpp"

#include <cstdint>
#include <string>

namespace millrace::adapters::kafka {

/// One topic that KafkaSink writes to, and what is known of it.
struct DestinationTopic {
  enum class State : std::uint8_t {
    unknown, ///< not asked, or no answer yet
    present,
    refused, ///< missing, or not ours to see: `error` says which
  };

  std::string name;
  TopicPtr handle;
  State state = State::unknown;
  std::int32_t partitions = 0;
  TopicIdHistory ids;
  TopicLimits limits;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;

  std::int32_t partition_for(logic::PartitionId source) const noexcept {
    return source.value % partitions;
  }
};

} // namespace millrace::adapters::kafka
