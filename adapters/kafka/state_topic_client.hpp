#pragma once

#include "adapters/kafka/broker_watch.hpp"
#include "adapters/kafka/client.hpp"
#include "adapters/kafka/revocations.hpp"
#include "adapters/kafka/state_topic.hpp"
#include "adapters/kafka/state_topic_log.hpp"
#include "adapters/kafka/state_topic_move.hpp"
#include "adapters/kafka/state_topic_setup.hpp"
#include "adapters/kafka/state_topic_writer.hpp"
#include "adapters/kafka/wake_signal.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// A partition of the state topic that the group gave this node.
struct HeldShard {
  using Clock = std::chrono::steady_clock;

  enum class Phase : std::uint8_t {
    claiming, ///< says in the log that it takes over
    reading, ///< hands the log out, up to its claim
    confirming, ///< outdone in the log: asks the group whether that is right
    owned,
  };

  std::uint32_t number = 0;
  std::string member; ///< that the group gave it to, in which generation:
  std::int64_t group_generation = -1;
  std::uint64_t assignment = 0; ///< tells one time of holding it from another
  Phase phase = Phase::claiming;
  bool rewinds = false; ///< is to be read from the beginning again
  bool claim_under_way = false;
  bool announced = false; ///< `ShardAssigned` was said, and not taken back
  bool revoked = false; ///< the owner of the state is to let go, or has
  bool released = false; ///< nothing more is written
  bool settled = false; ///< whoever comes next may go on under these keys
  StateGeneration after = 0;
  StateGeneration generation = 0;
  StateGeneration base = 0;
  QueuePtr queue;
  std::unique_ptr<StateTopicLog> log;
  StateTopicMove move;
  std::vector<std::string> superseded;
  int move_passes = 0;
  bool moving = false; ///< reads the log for the second time
  bool paused = false; ///< nothing more is to be read
  bool at_end = false; ///< no more of the log has come for now
  Clock::time_point retry_at{};
  Clock::time_point heard_at{};
};

/// StateStore over a compacted topic: a consumer that holds partitions of it
/// and reads each up to this node's claim, and a producer beside it.
class StateTopic final : public logic::detection::StateStore {
public:
  StateTopic() = default;
  StateTopic(const StateTopic&) = delete;
  StateTopic& operator=(const StateTopic&) = delete;
  ~StateTopic() override { destroy(false); }

  logic::Result<void> open(const KafkaConfig& config,
                           const StateTopicParameters& parameters);

  void on_ready(std::function<void()> wake) override;
  std::vector<logic::detection::StateStoreEvent> take_events() override;
  void append(std::uint32_t shard, std::uint64_t number,
              std::vector<logic::detection::StateRecord> records) override;
  void release(std::uint32_t shard) override;
  void close(std::chrono::milliseconds deadline) override;

private:
  using Clock = HeldShard::Clock;
  using Phase = HeldShard::Phase;

  /// What the group calls this node at present.
  struct Membership {
    std::string member; ///< empty: none
    std::int64_t generation = -1;
  };

  static constexpr std::size_t pull_records = 100;

  logic::Result<void> open_consumer();
  void connect(rd_kafka_queue_t* queue);
  void destroy(bool left);

  // The group.
  void on_event(rd_kafka_event_t* event);
  void on_error(rd_kafka_event_t* event);
  void on_assigned(rd_kafka_topic_partition_list_t* list);
  void on_revoked(rd_kafka_topic_partition_list_t* list);
  void finish_revocations();
  void unassign(const rd_kafka_topic_partition_list_t* list);
  bool release_in_log(HeldShard& shard);
  void subscribe();
  Membership membership();

  // Taking a shard over, and what becomes of what was written.
  void serve_shards();
  void claim(HeldShard& shard);
  void confirm(HeldShard& shard);
  void on_confirmed(rd_kafka_event_t* event);
  void start_again(HeldShard& shard, StateGeneration after);
  void read(HeldShard& shard, std::size_t& budget_bytes);
  void take(HeldShard& shard, const rd_kafka_message_t& message,
            logic::detection::ShardRecords& chunk);
  void on_read_error(HeldShard& shard, const rd_kafka_message_t& message);
  void on_loaded(HeldShard& shard);
  void move_on(HeldShard& shard);
  void move_record(HeldShard& shard, const rd_kafka_message_t& message);
  void settle(HeldShard& shard);
  void pause_settled();
  bool seek_to_beginning(HeldShard& shard);
  void on_written(StateWritten& written);
  void on_claimed(HeldShard& shard, const StateWritten& written);
  StateWrite write_of(const HeldShard& shard, StateWrite::Kind kind,
                      std::uint64_t number = 0) const;
  HeldShard* find(std::uint32_t shard);
  void report(const logic::Error& error);
  void tell_troubles();

  KafkaConfig config_;
  StateTopicParameters parameters_;
  WakeSignal wake_;
  ClientPtr client_;
  QueuePtr events_queue_;
  std::unique_ptr<BrokerWatch> watch_;
  std::unique_ptr<StateTopicSetup> setup_;
  StateTopicWriter writer_;
  bool subscribed_ = false;
  std::map<std::uint32_t, HeldShard> shards_;
  Revocations<std::uint32_t> revocations_;
  std::vector<logic::detection::StateStoreEvent> events_;
  std::vector<logic::ClientEvent> troubles_;
  std::uint64_t next_assignment_ = 1;
  std::mt19937_64 random_{std::random_device{}()};
};

} // namespace millrace::adapters::kafka
