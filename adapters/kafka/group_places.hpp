#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/core/ids.hpp"
#include "logic/core/result.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>

namespace millrace::adapters::kafka {

/// What a group has committed of a partition.
struct GroupPlace {
  logic::Offset offset;
  std::string metadata;

  friend bool operator==(const GroupPlace&, const GroupPlace&) = default;
};

using GroupPlaces = std::map<logic::PartitionId, GroupPlace>;

/// Reads and commits the offsets of a group that nobody is a member of, as
/// tools do. Every call blocks for at most its deadline. One thread.
class PlaceKeeper {
public:
  static logic::Result<std::unique_ptr<PlaceKeeper>>
  open(const KafkaConfig& config, const std::string& group);

  PlaceKeeper(const PlaceKeeper&) = delete;
  PlaceKeeper& operator=(const PlaceKeeper&) = delete;
  ~PlaceKeeper();

  /// Partitions without a committed offset are absent. `unauthorized` where
  /// this user may not read in the group.
  logic::Result<GroupPlaces>
  places(const std::string& topic,
         std::span<const logic::PartitionId> partitions,
         std::chrono::milliseconds deadline);

  /// `fenced` where the group has members, who alone may commit.
  logic::Result<void> commit(const std::string& topic,
                             const GroupPlaces& places,
                             std::chrono::milliseconds deadline);

private:
  class State;
  explicit PlaceKeeper(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace millrace::adapters::kafka
