#pragma once

#include "adapters/kafka/client.hpp"

#include <string>

namespace millrace::adapters::kafka {

/// What became of a commit, from its event: the error of the request or of
/// any of its partitions.
logic::Result<void> to_commit_outcome(rd_kafka_event_t* event,
                                      const std::string& topic);

/// There is no offset to start from and the configuration forbids choosing
/// one: says what to do.
logic::Error to_missing_offset(const rd_kafka_message_t& message,
                               const KafkaConfig& config);

} // namespace millrace::adapters::kafka
