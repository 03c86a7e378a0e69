#pragma once

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/topic_admin.hpp"

#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// Asks for the limits of topics; the answer arrives on `queue` as an event
/// DESCRIBECONFIGS_RESULT, at the latest after `deadline`.
void ask_topic_limits(rd_kafka_t* client, rd_kafka_queue_t* queue,
                      std::span<const std::string> topics,
                      std::chrono::milliseconds deadline);

struct TopicLimitsAnswer {
  TopicLimitsByName limits;
  /// Topics of which this user may not read the configuration.
  std::vector<std::string> denied;
};

/// Reads such an event. What failed as a whole is its own error.
TopicLimitsAnswer read_topic_limits(rd_kafka_event_t* event);

} // namespace millrace::adapters::kafka
