#pragma once

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/topic_id_history.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace millrace::adapters::kafka {

/// Notices that a topic was deleted and created again, by its id (KIP-516): a
/// client reads on at its old place as if nothing had happened. Brokers before
/// 2.8 give no ids, and then nothing is noticed here. One thread.
class TopicIdentity {
public:
  /// Answers arrive on `queue`; pass its events to `on_event`. `ids` outlives
  /// this.
  TopicIdentity(rd_kafka_t* client, rd_kafka_queue_t* queue, std::string topic,
                TopicIdHistory& ids);

  /// Asks when it is time to; never blocks.
  void tick();

  /// Takes in an answer; false for any other event.
  bool on_event(rd_kafka_event_t* event);

  /// Whether the id changed since this was asked last.
  bool take_change() noexcept { return std::exchange(changed_, false); }

private:
  using Clock = std::chrono::steady_clock;

  void ask();

  rd_kafka_t* client_;
  rd_kafka_queue_t* queue_;
  std::string topic_;
  TopicIdHistory& ids_;
  bool asking_ = false;
  bool changed_ = false;
  Clock::time_point next_question_{};
};

} // namespace millrace::adapters::kafka
