#pragma once

#include "adapters/kafka/client.hpp"
#include "logic/core/ids.hpp"
#include "logic/intake/position_mark.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace millrace::adapters::kafka {

/// What a group has committed of a partition.
struct CommittedPlace {
  logic::Offset offset;
  std::optional<logic::PositionMark> mark; ///< none: by somebody else
};

using CommittedPlaces = std::map<logic::PartitionId, CommittedPlace>;

/// What this node wrote down with an offset; nothing of what others did.
std::optional<logic::PositionMark>
mark_of(const rd_kafka_topic_partition_t& committed);

/// Asks the brokers for all that a group has committed of one topic, without
/// waiting. One question at a time; one thread.
class CommittedQuery {
public:
  /// The answer comes by then, if only to say that there is none.
  static constexpr std::chrono::milliseconds answered_within{5'500};

  /// Answers arrive on `queue`; pass its events to `on_event`.
  CommittedQuery(rd_kafka_t* client, rd_kafka_queue_t* queue, std::string group,
                 std::string topic);

  bool under_way() const noexcept { return under_way_; }

  /// Of the partitions below `count`; only where none is under way.
  void ask(std::int32_t count);

  /// Takes in an answer; false for any other event.
  bool on_event(rd_kafka_event_t* event);

  /// What the last question found; once. Nothing where it failed.
  std::optional<CommittedPlaces> take_answer();

  /// Why the last one failed; `NO_ERROR` where it did not.
  rd_kafka_resp_err_t error() const noexcept { return error_; }

private:
  rd_kafka_t* client_;
  rd_kafka_queue_t* queue_;
  std::string group_;
  std::string topic_;
  bool under_way_ = false;
  rd_kafka_resp_err_t error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::optional<CommittedPlaces> answer_;
};

} // namespace millrace::adapters::kafka
