#pragma once

#include "adapters/kafka/broker_watch.hpp"
#include "adapters/kafka/held_partitions.hpp"
#include "adapters/kafka/kafka_config.hpp"
#include "adapters/kafka/offset_query.hpp"
#include "adapters/kafka/takeover_check.hpp"
#include "adapters/kafka/topic_identity.hpp"
#include "logic/intake/start_position.hpp"
#include "logic/records/client_event.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::adapters::kafka {

/// What outlives a client that is made anew.
struct PositionMemory {
  TopicIdHistory ids;
  /// By this process, in case that the group forgets.
  std::map<logic::PartitionId, logic::Offset> committed;
  /// Partitions of a topic that was created anew and where they were read
  /// before: they are to be read from their begin, whatever is committed.
  std::map<logic::PartitionId, std::optional<logic::Offset>> begun_anew;
  bool recreated = false; ///< while we looked on: what is in it is all new
  /// From this number on partitions came while the group was reading.
  std::optional<std::int32_t> first_added;
};

/// Decides from where partitions are read that cannot be read from where they
/// should: first starts, offsets that are retained no longer, logs that were
/// cut off or begun anew. Left to it (`auto.offset.reset`) the client would
/// move on its own, and say nothing. Internal to KafkaSource; one thread.
class ReadPositions {
public:
  using Events = std::vector<logic::ClientEvent>;

  /// All outlive this. Answers to its questions arrive on `queue`; pass its
  /// events to `on_event`.
  ReadPositions(rd_kafka_t* client, rd_kafka_queue_t* queue,
                const KafkaConfig& config, HeldPartitions& held,
                BrokerWatch& watch, PositionMemory& memory);

  /// The partition is about to be taken over, under the epoch that this
  /// returns, and read from `offset`, in librdkafka's terms.
  logic::PartitionEpoch on_assigned(logic::PartitionId partition,
                                    std::int64_t& offset);

  /// The client has no place to read from in the partition of this message.
  void on_reset(const rd_kafka_message_t& message);

  /// A record came that lies before what was read already.
  void on_step_back(logic::PartitionId partition, logic::Offset expected,
                    Events& events);

  /// Takes in an answer; false for any other event.
  bool on_event(rd_kafka_event_t* event);

  /// Call now and then. `may_move`: no rebalance waits for an answer, for
  /// which the client would take the giving back of a partition.
  void tick(bool may_move, Events& events);

  /// The topic was created anew and the owner has let go of all that was read
  /// of it: only another client reads it for sure. librdkafka takes what it is
  /// told of a leader under an epoch before the one that it knows for outdated,
  /// and the epochs of a new topic begin at 0.
  bool wants_new_client() const noexcept {
    return recreated_ && restarting_.empty();
  }

  /// The partition is given back, or assigned anew.
  void forget(logic::PartitionId partition);

  /// The owner let go of these: those that start over do so now.
  void on_released(std::span<const logic::PartitionEpoch> partitions,
                   Events& events);

  void note_committed(const rd_kafka_topic_partition_list_t& offsets);

private:
  using Clock = std::chrono::steady_clock;

  struct Open {
    logic::PositionQuestion question;
    bool released = false; ///< by the owner, to start over
    logic::Error missing{}; ///< what to say where there is no place at all
  };
  struct Restart {
    logic::PartitionEpoch held;
    logic::PositionQuestion question;
  };

  void check_takeovers(Events& events);
  void on_recreated(Events& events);
  void on_former_topic(const TakeoverCheck::Finding& finding, Events& events);
  /// That the topic is another one than before; false where the node is to
  /// stop for it.
  bool tell_recreated(std::string_view seen, Events& events);
  void begin_restart(logic::PartitionEpoch held,
                     const logic::PositionQuestion& question, Events& events);
  using Places = std::map<logic::PartitionId, logic::StartPosition>;

  /// Nothing where the partition is not to be moved now.
  std::optional<logic::StartPosition>
  decide(logic::PartitionEpoch held, const Open& open, logic::LogExtent log,
         Events& events);
  void place(const Places& places, Events& events);
  bool move(const Places& places, Events& events);
  void give_up(logic::Error error, Events& events);
  std::string name_of(logic::PartitionId partition) const;

  rd_kafka_t* client_;
  const KafkaConfig& config_;
  HeldPartitions& held_;
  BrokerWatch& watch_;
  OffsetQuery query_;
  PositionMemory& memory_;
  TopicIdentity identity_;
  TakeoverCheck takeovers_;
  logic::OffsetReset reset_;
  std::map<logic::PartitionId, Open> open_;
  std::map<logic::PartitionId, Restart> restarting_;
  std::set<logic::PartitionId> added_; ///< while the group was reading
  Clock::time_point next_question_{};
  bool told_of_former_ = false;
  bool recreated_ = false; ///< since this client was made
  bool gave_up_ = false;
};

} // namespace millrace::adapters::kafka
