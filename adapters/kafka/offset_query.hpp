#pragma once

#include "adapters/kafka/client.hpp"
#include "logic/core/ids.hpp"
#include "logic/intake/start_position.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// Asks the brokers for the offsets that partitions of one topic hold, without
/// waiting. One round of questions at a time; one thread.
class OffsetQuery {
public:
  /// Each answer comes by then, if only to say that there is none.
  static constexpr std::chrono::milliseconds answered_within{5'500};

  /// Answers arrive on `queue`; pass its events to `on_event`. The end is that
  /// of a reader of this isolation: what an open transaction holds back is
  /// still to be read by one of committed records.
  OffsetQuery(rd_kafka_t* client, rd_kafka_queue_t* queue, std::string topic,
              rd_kafka_IsolationLevel_t isolation
              = RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED);

  bool under_way() const noexcept { return unanswered_ != 0; }

  /// Begins a round; only where none is under way. Answers come within
  /// `patience`, at most 5 s.
  void ask(std::span<const logic::PartitionId> partitions,
           std::chrono::milliseconds patience = answered_within);

  /// Takes in an answer; false for any other event.
  bool on_event(rd_kafka_event_t* event);

  /// What the last round found, of partitions that answered in full; once.
  std::map<logic::PartitionId, logic::LogExtent> take_answers();

  /// Asks and waits for the answers, which must be alone on the queue. Leaders
  /// that were only just elected are asked again until the deadline. An error
  /// where not all partitions answered; `some` then has those that did.
  rd_kafka_resp_err_t
  ask_and_wait(std::span<const logic::PartitionId> partitions,
               std::chrono::milliseconds deadline,
               std::map<logic::PartitionId, logic::LogExtent>& some);

  /// Why something of it failed; `NO_ERROR` where nothing did.
  rd_kafka_resp_err_t error() const noexcept { return error_; }

private:
  struct Answer {
    std::optional<logic::Offset> low;
    std::optional<logic::Offset> high;
  };

  void ask_for(std::span<const logic::PartitionId> partitions,
               std::int64_t spec, std::chrono::milliseconds patience);

  rd_kafka_t* client_;
  rd_kafka_queue_t* queue_;
  std::string topic_;
  rd_kafka_IsolationLevel_t isolation_;
  int unanswered_ = 0;
  rd_kafka_resp_err_t error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::map<logic::PartitionId, Answer> answers_;
};

} // namespace millrace::adapters::kafka
