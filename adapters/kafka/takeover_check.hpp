#pragma once

#include "adapters/kafka/committed_query.hpp"
#include "adapters/kafka/topic_id_history.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// Finds out whether what the group has committed of the partitions that were
/// just taken over is of this topic at all, and whether a partition without a
/// commit is one that was added while the group was reading. One thread.
class TakeoverCheck {
public:
  struct Finding {
    logic::PartitionId partition;
    std::optional<logic::Offset> committed;
    /// That is of a topic of this name that was deleted since.
    bool of_former_topic = false;
    /// Nothing is committed, and all that is in it came while the group read.
    bool added = false;
  };

  /// `ids` outlives this and is kept up to date by somebody else.
  TakeoverCheck(rd_kafka_t* client, rd_kafka_queue_t* queue,
                const std::string& group, const std::string& topic,
                const TopicIdHistory& ids,
                std::optional<std::int32_t>& first_added);

  void add(logic::PartitionId partition);
  void forget(logic::PartitionId partition);
  bool awaits(logic::PartitionId partition) const {
    return awaited_.contains(partition);
  }

  /// Takes in an answer; false for any other event.
  bool on_event(rd_kafka_event_t* event) { return query_.on_event(event); }

  /// Asks when it is time to; never blocks. What was found is `awaited` no
  /// more. Call after all events were taken in.
  std::vector<Finding> tick();

  /// Why the last question failed; once.
  rd_kafka_resp_err_t take_error();

  /// What is to be committed with every offset; empty where brokers give no
  /// ids.
  std::string mark() const;

private:
  using Clock = std::chrono::steady_clock;

  void on_failure(rd_kafka_resp_err_t error, std::vector<Finding>& findings);
  void learn_first_added(const CommittedPlaces& places);
  std::vector<Finding> judge(const CommittedPlaces& places);

  CommittedQuery query_;
  const TopicIdHistory& ids_;
  std::optional<std::int32_t>& first_added_;
  std::set<logic::PartitionId> awaited_;
  std::set<logic::PartitionId> asked_; ///< before the question
  int failures_ = 0;
  rd_kafka_resp_err_t error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  Clock::time_point next_question_{};
};

} // namespace millrace::adapters::kafka
