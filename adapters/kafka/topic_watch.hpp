#pragma once

#include "adapters/kafka/broker_watch.hpp"
#include "adapters/kafka/client.hpp"
#include "adapters/kafka/destination_topic.hpp"
#include "logic/delivery/outgoing_record.hpp"
#include "logic/records/client_event.hpp"

#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// Knows the partition counts of the destinations, asking in the background.
/// Internal to KafkaSink; one thread.
class TopicWatch {
public:
  static constexpr std::size_t count = 3;

  /// Answers arrive on `queue`; pass its events to `on_event`.
  TopicWatch(rd_kafka_t* client, rd_kafka_queue_t* queue);

  /// Names in the order of `logic::Destination`; an empty one is not used.
  logic::Result<void> open(const std::array<std::string, count>& names);

  DestinationTopic& at(logic::Destination destination) {
    return topics_[static_cast<std::size_t>(destination)];
  }

  /// Why the topic is refused, and what to do about it.
  logic::Error refusal(const DestinationTopic& topic) const;

  /// Asks again soon.
  void refresh() { next_question_ = {}; }

  /// Asks when it is time to; never blocks.
  void tick();

  /// Takes in an answer; false for any other event. What is amiss is said
  /// through `watch`.
  bool on_event(rd_kafka_event_t* event, BrokerWatch& watch,
                std::vector<logic::ClientEvent>& events);

private:
  using Clock = std::chrono::steady_clock;

  void ask();
  void learn(const rd_kafka_TopicDescription_t* description);

  rd_kafka_t* client_;
  rd_kafka_queue_t* queue_;
  std::array<DestinationTopic, count> topics_;
  bool asking_ = false;
  Clock::time_point next_question_{};
};

} // namespace millrace::adapters::kafka
