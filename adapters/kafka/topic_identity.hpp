#pragma once

#include "adapters/kafka/client.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millrace::adapters::kafka {

/// Notices that a topic was deleted and created again, by its id (KIP-516): a
/// client reads on at its old place as if nothing had happened. Brokers before
/// 2.8 give no ids, and then nothing is noticed here. One thread.
class TopicIdentity {
public:
  /// Answers arrive on `queue`; pass its events to `on_event`.
  TopicIdentity(rd_kafka_t* client, rd_kafka_queue_t* queue, std::string topic);

  /// Asks when it is time to; never blocks.
  void tick();

  /// Takes in an answer; false for any other event.
  bool on_event(rd_kafka_event_t* event);

  /// Whether the id changed since this was asked last.
  bool take_change() noexcept { return std::exchange(changed_, false); }

private:
  using Clock = std::chrono::steady_clock;
  /// Most and least significant bits.
  using Id = std::pair<std::int64_t, std::int64_t>;

  void ask();
  void learn(const rd_kafka_TopicDescription_t* description);

  rd_kafka_t* client_;
  rd_kafka_queue_t* queue_;
  std::string topic_;
  std::optional<Id> id_;
  std::vector<Id> former_; ///< which a broker that lags may still tell
  bool asking_ = false;
  bool changed_ = false;
  Clock::time_point next_question_{};
};

} // namespace millrace::adapters::kafka
