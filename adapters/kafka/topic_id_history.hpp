#pragma once

#include "adapters/kafka/client.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// As Kafka's tools show it; empty where the brokers give none (before 2.8).
std::string topic_id_of(const rd_kafka_TopicDescription_t* description);

/// The ids (KIP-516) under which a topic was seen: one that was deleted and
/// created again has another. Brokers before 2.8 give none.
class TopicIdHistory {
public:
  /// Takes in what a broker says; true where the topic is another one than
  /// before.
  bool learn(const rd_kafka_TopicDescription_t* description);

  /// Brokers cannot describe topics: nothing will ever be known.
  void give_up() noexcept { gave_up_ = true; }

  /// A broker has described the topic, with an id or without, or none can.
  bool known() const noexcept { return partitions_ != 0 || gave_up_; }

  /// As Kafka's tools show it; empty where brokers give none.
  const std::string& current() const noexcept { return id_; }

  /// 0 where brokers cannot tell.
  std::int32_t partitions() const noexcept { return partitions_; }

private:
  std::string id_;
  std::int32_t partitions_ = 0;
  bool gave_up_ = false;
  std::vector<std::string> former_; ///< which a broker that lags may still tell
};

} // namespace millrace::adapters::kafka
