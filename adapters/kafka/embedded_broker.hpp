#pragma once

#include "logic/core/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::adapters::kafka {

struct EmbeddedTopic {
  std::string name;
  std::int32_t partitions = 1;
};

/// Reads `name:partitions`; the number may be left out (1).
logic::Result<EmbeddedTopic> parse_embedded_topic(std::string_view text);

struct EmbeddedBrokerOptions {
  std::int32_t brokers = 1;
  std::vector<EmbeddedTopic> topics;
  /// Bytes kept of each partition; the oldest batches go first.
  std::size_t retention_bytes = 256U << 20U;
  /// How long a new consumer group waits for further members.
  std::chrono::milliseconds group_join_delay{0};
};

/// A Kafka cluster inside this process, on loopback ports of its choosing:
/// librdkafka's mock cluster. For tests, demo and benches; what it does not
/// enforce stands in docs/kafka.md. Any thread.
class EmbeddedBroker {
public:
  static logic::Result<std::unique_ptr<EmbeddedBroker>>
  start(const EmbeddedBrokerOptions& options);

  EmbeddedBroker(const EmbeddedBroker&) = delete;
  EmbeddedBroker& operator=(const EmbeddedBroker&) = delete;
  ~EmbeddedBroker();

  /// `127.0.0.1:port,...`
  const std::string& bootstrap_servers() const noexcept;

  logic::Result<void> create_topic(const EmbeddedTopic& topic);

  /// Drops a broker's connections and refuses new ones; ids start at 1.
  logic::Result<void> take_down(std::int32_t broker);
  logic::Result<void> bring_up(std::int32_t broker);

  /// Delays every answer of a broker.
  logic::Result<void> set_round_trip(std::int32_t broker,
                                     std::chrono::milliseconds delay);

  /// Moves the leadership of a partition.
  logic::Result<void> set_leader(const std::string& topic,
                                 std::int32_t partition, std::int32_t broker);

  /// Answers the next `count` requests of that kind with an error. Names as
  /// in the protocol: `Produce`, `NOT_LEADER_FOR_PARTITION`.
  logic::Result<void> fail_requests(std::string_view request,
                                    std::string_view error, std::int32_t count);

  /// Answers everything about that topic with an error until `NO_ERROR`.
  logic::Result<void> fail_topic(const std::string& topic,
                                 std::string_view error);

private:
  class State;
  explicit EmbeddedBroker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace millrace::adapters::kafka
