#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/core/result.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::adapters::kafka {

struct TopicSpec {
  std::string name;
  std::int32_t partitions = 1;
  std::int32_t replication = 1;
  friend bool operator==(const TopicSpec&, const TopicSpec&) = default;
};

/// Reads `name:partitions:replication`; both numbers may be left out.
logic::Result<TopicSpec> parse_topic_spec(std::string_view text);

struct TopicInfo {
  std::string name;
  std::int32_t partitions = 0;
};

/// Asks for and changes topics. Every call blocks for at most its deadline.
class TopicAdmin {
public:
  static logic::Result<std::unique_ptr<TopicAdmin>>
  open(const KafkaConfig& config);

  TopicAdmin(const TopicAdmin&) = delete;
  TopicAdmin& operator=(const TopicAdmin&) = delete;
  ~TopicAdmin();

  /// Whether a broker answers. The error tells unreachable from refused
  /// (`unauthorized`) and carries the client's last words.
  logic::Result<void> check_reachable(std::chrono::milliseconds deadline);

  /// All topics but the brokers' internal ones, by name.
  logic::Result<std::vector<TopicInfo>>
  topics(std::chrono::milliseconds deadline);

  /// `not_found` for a topic that does not exist (it is not created by the
  /// question).
  logic::Result<TopicInfo> topic(const std::string& name,
                                 std::chrono::milliseconds deadline);

  /// Creates what is missing; a topic that exists is left as it is. Returns
  /// the names of those that were created.
  logic::Result<std::vector<std::string>>
  create(std::span<const TopicSpec> specs, std::chrono::milliseconds deadline);

  /// Raises a topic's partition count; Kafka never lowers it.
  logic::Result<void> raise_partitions(const std::string& name,
                                       std::int32_t partitions,
                                       std::chrono::milliseconds deadline);

private:
  /// What to write instead where there are fewer brokers than copies, as the
  /// end of a sentence.
  std::string replication_remedy(const std::string& topic,
                                 std::span<const TopicSpec> specs,
                                 std::chrono::milliseconds deadline);

  class State;
  explicit TopicAdmin(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace millrace::adapters::kafka
