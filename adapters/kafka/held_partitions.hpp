#pragma once

#include "adapters/kafka/client.hpp"
#include "logic/intake/record_source.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// The partitions that this consumer holds, and what was fetched of them and
/// not yet taken. Internal to KafkaSource; one thread.
///
/// All partitions are forwarded to one queue, because librdkafka bounds what
/// it prefetches per queue: with a queue each, memory would grow with the
/// number of partitions. A partition that its owner refuses for long gets its
/// queue back, so that it cannot stand in the others' way.
class HeldPartitions {
public:
  HeldPartitions(rd_kafka_t* client, rd_kafka_queue_t* records,
                 std::string topic);

  /// Routes a partition here under a new epoch, of which nothing is handed out
  /// until `confirm`. Call before the assignment.
  logic::PartitionEpoch add(logic::PartitionId partition);
  void remove(logic::PartitionEpoch partition);
  void set_lost(logic::PartitionId partition);
  void clear();

  bool holds(logic::PartitionEpoch partition) const;
  /// Held, and its offsets may still be committed.
  bool owns(logic::PartitionEpoch partition) const;
  const logic::PartitionEpoch* find(logic::PartitionId partition) const;
  std::vector<logic::PartitionId> ids() const;
  std::size_t waiting_records() const noexcept { return waiting_; }
  /// Keys and values of these.
  std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }

  using Accepts = std::function<bool(logic::PartitionId)>;

  /// Takes a message over. One whose offset lies before what was read already
  /// (the log was cut off) is dropped, and where it should have been is told.
  std::optional<logic::Offset> push(rd_kafka_message_t* message);

  /// The reader came to the partition's end.
  void note_end(logic::PartitionId partition, std::int64_t offset);

  /// From where the reader goes on, if that is the end and all before it was
  /// taken.
  std::optional<logic::PartitionOffset> end(logic::PartitionId partition) const;

  /// The next offset that is to come; none where nothing came yet.
  std::optional<logic::Offset> expected(logic::PartitionId partition) const;

  /// What the client reads is what is to be read. `mark` is to be committed
  /// with its offsets; `placed` where the client has a place to read from.
  void confirm(logic::PartitionId partition, std::string mark, bool placed);

  /// Starts over under a new epoch; takes nothing until `place`.
  logic::PartitionEpoch restart(logic::PartitionId partition);

  /// Nothing of it was handed out: takes nothing until `place`.
  void unplace(logic::PartitionId partition);

  /// What comes from now on is from that offset on; for `mark` see `confirm`.
  void place(logic::PartitionId partition, logic::Offset offset,
             std::string mark);

  /// Partitions were assigned anew, which takes their queues off ours.
  void connect_queues();

  /// What to commit with its offsets.
  const std::string& mark(logic::PartitionId partition) const;
  /// How often one was set.
  std::uint64_t marks_set() const noexcept { return marks_set_; }

  /// Whether it is known of each from where it is read.
  bool all_placed() const;

  /// The next batch of the partition whose turn it is, null when none.
  logic::RecordBatchPtr take(const logic::BatchLimits& limits,
                             const Accepts& accepts);

  /// Takes refused partitions with a lot waiting off the common queue, and
  /// puts accepted ones back.
  void route(const logic::BatchLimits& limits, const Accepts& accepts);

private:
  struct Held {
    logic::PartitionEpoch id;
    QueuePtr queue;
    std::deque<MessagePtr> waiting;
    std::size_t waiting_bytes = 0;
    std::int64_t next_offset = -1;
    std::int64_t end = -1; ///< the last one that was come to
    bool lost = false;
    bool diverted = false;
    bool unplaced = false; ///< what comes is of another time
    bool confirmed = false; ///< what comes may be handed out
    bool placed = false; ///< from where it is read is known
    std::string mark;
  };
  using Entries = std::map<logic::PartitionId, Held>;

  void drop_waiting(Held& held);
  logic::RecordBatchPtr build(Held& held, const logic::BatchLimits& limits);

  rd_kafka_t* client_;
  rd_kafka_queue_t* records_;
  std::string topic_;
  Entries entries_;
  logic::PartitionId turn_;
  std::uint64_t marks_set_ = 0;
  std::size_t waiting_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::string headers_; ///< scratch
};

} // namespace millrace::adapters::kafka
