#pragma once

#include "adapters/kafka/broker_watch.hpp"
#include "adapters/kafka/client.hpp"
#include "adapters/kafka/destination_topic.hpp"
#include "logic/delivery/outgoing_record.hpp"
#include "logic/records/client_event.hpp"

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace millrace::adapters::kafka {

/// Knows the destinations' partition counts, and how much they take, asking in
/// the background.
/// Internal to KafkaSink; one thread.
class TopicWatch {
public:
  static constexpr std::size_t count = 3;

  /// Names in the order of `logic::Destination`; an empty one is not used. Of
  /// the input topic only the limits are asked for.
  TopicWatch(const std::array<std::string, count>& names, std::string input);

  /// Starts to ask. Answers arrive on `queue`; pass its events to `on_event`.
  /// May be called again with a new client, after `detach`: what is known of
  /// the topics stays.
  logic::Result<void> attach(rd_kafka_t* client, rd_kafka_queue_t* queue);

  /// Lets go of the client, which is about to end.
  void detach();

  DestinationTopic& at(logic::Destination destination) {
    return topics_[static_cast<std::size_t>(destination)];
  }

  /// Which of the topics that handle is of.
  logic::Destination
  destination_of(const rd_kafka_topic_t* handle) const noexcept;

  /// Why the topic is refused, and what to do about it.
  logic::Error refusal(const DestinationTopic& topic) const;

  /// Asks again soon: something hints at a topic that is not what it was.
  void refresh();

  /// Whether it is known, or known not to be learnt, how much the topics take.
  bool limits_settled() const noexcept { return limits_settled_; }

  /// Asks for the limits anew, unless it just has, which is false: a topic
  /// takes less than was known, or perhaps more.
  bool refresh_limits();

  /// A request of so many bytes was too large for the topic. Where its limit
  /// may not be asked for, that is all that can be known of it.
  void on_too_large(logic::Destination destination, std::int64_t bytes);

  /// Whether one of the topics was created anew since this was asked last.
  bool take_recreation() noexcept { return std::exchange(recreated_, false); }

  /// `max.message.bytes`: the least of the topics that are written to, and
  /// that of the input.
  std::int64_t least_message_bytes() const noexcept;
  std::int64_t input_message_bytes() const noexcept {
    return input_limits_.max_message_bytes;
  }

  /// Asks when it is time to; never blocks.
  void tick();

  /// Takes in an answer; false for any other event. What is amiss is said
  /// through `watch`.
  bool on_event(rd_kafka_event_t* event, BrokerWatch& watch,
                std::vector<logic::ClientEvent>& events);

private:
  using Clock = std::chrono::steady_clock;

  void ask();
  void ask_limits();
  void on_topics(rd_kafka_event_t* event, BrokerWatch& watch,
                 std::vector<logic::ClientEvent>& events);
  void on_limits(rd_kafka_event_t* event,
                 std::vector<logic::ClientEvent>& events);
  void learn(const rd_kafka_TopicDescription_t* description,
             std::vector<logic::ClientEvent>& events);
  void on_recreated(const DestinationTopic& topic,
                    std::vector<logic::ClientEvent>& events);
  void warn_of_denial(const std::vector<std::string>& topics,
                      std::vector<logic::ClientEvent>& events);
  void warn_of_compaction(DestinationTopic& topic,
                          std::vector<logic::ClientEvent>& events);

  rd_kafka_t* client_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
  std::array<DestinationTopic, count> topics_;
  std::string input_;
  TopicLimits input_limits_;
  bool asking_ = false;
  bool limits_settled_ = false;
  bool asking_limits_ = false;
  int limit_questions_ = 0; ///< in succession without any answer
  bool recreated_ = false;
  bool told_of_insights_ = false; ///< that their topic is refused
  bool told_of_denial_ = false; ///< that the limits are assumed
  std::array<bool, count> told_of_compaction_{};
  Clock::time_point asked_{};
  Clock::time_point next_question_{};
  Clock::time_point limits_asked_{};
};

} // namespace millrace::adapters::kafka
