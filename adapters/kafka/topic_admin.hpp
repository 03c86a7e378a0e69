#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "adapters/kafka/topic_description.hpp"
#include "logic/core/result.hpp"
#include "logic/delivery/timestamp_bounds.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::adapters::kafka {

struct TopicSpec {
  std::string name;
  std::int32_t partitions = 1;
  std::int32_t replication = 1;
  /// Of its configuration, as `max.message.bytes`; by name, with the value.
  std::map<std::string, std::string> settings = {};
  friend bool operator==(const TopicSpec&, const TopicSpec&) = default;
};

/// Reads `name:partitions:replication`; both numbers may be left out.
logic::Result<TopicSpec> parse_topic_spec(std::string_view text);

/// Reads a list of them. One that is there twice counts once; with other
/// numbers it is refused.
logic::Result<std::vector<TopicSpec>>
parse_topic_specs(std::span<const std::string> texts);

struct TopicInfo {
  std::string name;
  std::int32_t partitions = 0;
  std::int32_t replication = 0; ///< of the first partition
};

/// Whether an order is carried out, or the brokers only say what they think.
enum class OrderMode : std::uint8_t { carry_out, validate };

/// What became of the order to create a topic.
struct TopicOutcome {
  std::string name;
  bool existed = false;
  std::optional<logic::Error> fault; ///< why it was refused
};

/// What a topic takes, by its configuration.
struct TopicLimits {
  /// Kafka's default of `message.max.bytes`, assumed where we may not ask.
  static constexpr std::int64_t default_max_message_bytes = 1'048'588;

  /// Of one batch of records as it is stored, compressed (`max.message.bytes`).
  std::int64_t max_message_bytes = default_max_message_bytes;
  /// `cleanup.policy` has `compact`: records without a key are refused.
  bool compacted = false;
  /// `message.timestamp.before.max.ms` and `.after.max.ms`.
  logic::TimestampBounds timestamps;
  bool known = false; ///< false: all of this is assumed
};

/// By topic; those that the brokers say nothing about are absent.
using TopicLimitsByName = std::map<std::string, TopicLimits, std::less<>>;

/// For people: "max.message.bytes 65536, cleanup.policy compact".
std::string to_text(const TopicLimits& limits);

class AdminClient;

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

  /// What these topics take. One that this user may not ask about is absent.
  logic::Result<TopicLimitsByName> limits(std::span<const std::string> names,
                                          std::chrono::milliseconds deadline);

  /// Creates what is missing; a topic that exists is left as it is. Returns
  /// the names of those that were created.
  logic::Result<std::vector<std::string>>
  create(std::span<const TopicSpec> specs, std::chrono::milliseconds deadline);

  /// The same with what became of each topic; those that exist come first.
  /// The error is of the whole.
  logic::Result<std::vector<TopicOutcome>>
  create_each(std::span<const TopicSpec> specs,
              std::chrono::milliseconds deadline,
              OrderMode mode = OrderMode::carry_out);

  /// Raises a topic's partition count; Kafka never lowers it.
  logic::Result<void> raise_partitions(const std::string& name,
                                       std::int32_t partitions,
                                       std::chrono::milliseconds deadline,
                                       OrderMode mode = OrderMode::carry_out);

  /// One description for each name, in their order.
  logic::Result<std::vector<TopicDescription>>
  describe(std::span<const std::string> names,
           std::chrono::milliseconds deadline);

  /// The configuration of these topics, in full. One that this user may not ask
  /// about is absent.
  logic::Result<TopicSettingsByName>
  settings(std::span<const std::string> names,
           std::chrono::milliseconds deadline);

  /// The offsets that these partitions hold; one that nobody leads is absent.
  logic::Result<ExtentsByPartition>
  extents(const std::string& topic,
          std::span<const logic::PartitionId> partitions,
          std::chrono::milliseconds deadline);

private:
  TopicOutcome outcome_of(const void* answer, std::span<const TopicSpec> specs,
                          std::chrono::milliseconds deadline);

  /// What to write instead where there are fewer brokers than copies, as the
  /// end of a sentence.
  std::string replication_remedy(const std::string& topic,
                                 std::span<const TopicSpec> specs,
                                 std::chrono::milliseconds deadline);

  explicit TopicAdmin(std::unique_ptr<AdminClient> client);
  std::unique_ptr<AdminClient> client_;
};

} // namespace millrace::adapters::kafka
