#pragma once

#include "adapters/kafka/client.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace millrace::adapters::kafka {

/// The ids (KIP-516) under which a topic was seen: one that was deleted and
/// created again has another. Brokers before 2.8 give none.
class TopicIdHistory {
public:
  /// Takes in what a broker says; true where the topic is another one than
  /// before.
  bool learn(const rd_kafka_TopicDescription_t* description);

private:
  /// Most and least significant bits.
  using Id = std::pair<std::int64_t, std::int64_t>;

  std::optional<Id> id_;
  std::vector<Id> former_; ///< which a broker that lags may still tell
};

} // namespace millrace::adapters::kafka
