#pragma once

#include "logic/core/ids.hpp"
#include "logic/core/result.hpp"
#include "logic/intake/start_position.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

class AdminClient;

struct PartitionDescription {
  logic::PartitionId partition;
  std::optional<std::int32_t> leader; ///< the broker's number; none leads it
  std::vector<std::int32_t> replicas; ///< numbers of brokers
  std::vector<std::int32_t> in_sync; ///< those of them that are up to date
};

struct TopicDescription {
  std::string name;
  std::string id; ///< in plain base64; empty before Kafka 2.8
  std::optional<logic::Error> fault; ///< then nothing more is known
  std::vector<PartitionDescription> partitions; ///< by their number
};

/// One entry of a topic's configuration.
struct TopicSetting {
  std::string name; ///< as `max.message.bytes`
  std::string value; ///< empty where it is secret
  bool is_own = false; ///< set for this topic, no default
};

using TopicSettingsByName = std::map<std::string, std::vector<TopicSetting>>;
using ExtentsByPartition = std::map<logic::PartitionId, logic::LogExtent>;

/// One description for each name, in their order; a topic that is missing or
/// may not be seen has a fault.
logic::Result<std::vector<TopicDescription>>
describe_topics(AdminClient& admin, std::span<const std::string> names,
                std::chrono::milliseconds deadline);

/// One that this user may not ask about is absent.
logic::Result<TopicSettingsByName>
read_topic_settings(AdminClient& admin, std::span<const std::string> names,
                    std::chrono::milliseconds deadline);

/// The offsets that partitions of a topic hold, up to where a reader of what
/// is committed comes. What no broker tells is absent.
logic::Result<ExtentsByPartition>
read_extents(AdminClient& admin, const std::string& topic,
             std::span<const logic::PartitionId> partitions,
             std::chrono::milliseconds deadline);

/// Where a group has committed beyond such an end, it reads what open
/// transactions hold back: the end is then that of all records, if they reach
/// as far.
void raise_ends(AdminClient& admin, const std::string& topic,
                const std::map<logic::PartitionId, logic::Offset>& committed,
                std::chrono::milliseconds deadline,
                ExtentsByPartition& extents);

} // namespace millrace::adapters::kafka
