#pragma once

#include "adapters/kafka/broker_watch.hpp"
#include "adapters/kafka/client.hpp"
#include "adapters/kafka/held_partitions.hpp"
#include "adapters/kafka/kafka_config.hpp"
#include "adapters/kafka/read_positions.hpp"
#include "adapters/kafka/revocations.hpp"
#include "adapters/kafka/wake_signal.hpp"
#include "logic/intake/memory_plan.hpp"
#include "logic/intake/record_source.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// What `open_kafka_source` makes; for nobody else. The group is in
/// kafka_source.cpp, records and commits are in kafka_source_records.cpp.
///
/// Records come by a queue of their own and the consumer queue carries events
/// alone, so that rebalances and errors are seen while nobody takes records.
class KafkaSource final : public logic::RecordSource {
public:
  KafkaSource() = default;
  KafkaSource(const KafkaSource&) = delete;
  KafkaSource& operator=(const KafkaSource&) = delete;
  ~KafkaSource() override { end(std::chrono::seconds{1}); }

  logic::Result<void> open(const KafkaConfig& config,
                           const logic::MemoryPlan& plan,
                           const std::string& instance_id);

  void on_ready(std::function<void()> wake) override;
  std::vector<logic::ClientEvent> take_events() override;
  logic::RecordBatchPtr
  take_batch(const logic::BatchLimits& limits,
             const std::function<bool(logic::PartitionId)>& accepts) override;
  void release(std::span<const logic::PartitionEpoch> partitions) override;
  logic::Result<void> commit(std::span<const logic::PartitionOffset> offsets,
                             std::chrono::milliseconds wait) override;
  logic::GroupMembershipPtr take_membership() override;
  void note_committed(std::span<const logic::PartitionOffset> offsets) override;
  std::vector<logic::PartitionLag> high_watermarks() override;
  bool places_known() const override { return !client_ || held_->all_placed(); }
  bool close(std::chrono::milliseconds deadline) override {
    return end(deadline);
  }

private:
  static constexpr std::size_t pull_records = 1'000;

  logic::Result<void> open_client();
  /// In place of the one that is there; all that is held is lost to it.
  void renew_client();
  void connect();
  bool end(std::chrono::milliseconds deadline);
  bool is_confirmed(const logic::PartitionOffset& each) const;
  void note_confirmed(const rd_kafka_topic_partition_list_t& list);
  void pull(std::size_t max_records);
  bool on_missing_topic(rd_kafka_resp_err_t error);
  void on_message_error(const rd_kafka_message_t& message);
  void on_event(rd_kafka_event_t* event);
  void on_assigned(rd_kafka_topic_partition_list_t* list);
  void on_revoked(rd_kafka_topic_partition_list_t* list);
  void read_membership();
  void renew_refused_client();
  /// What the client is for, for errors.
  std::string role() const;
  void finish_revocations();
  void unassign(const rd_kafka_topic_partition_list_t* list);
  void on_commit(rd_kafka_event_t* event);

  KafkaConfig config_;
  logic::MemoryPlan plan_;
  std::string instance_id_; ///< empty: no static member
  PositionMemory memory_;
  WakeSignal wake_;
  ClientPtr client_;
  QueuePtr events_queue_;
  QueuePtr records_queue_;
  std::unique_ptr<BrokerWatch> watch_;
  std::unique_ptr<HeldPartitions> held_;
  std::unique_ptr<ReadPositions> positions_;
  Revocations<logic::PartitionEpoch> revocations_;
  std::vector<logic::ClientEvent> events_;
  std::string membership_; ///< as of the last assignment
  /// Up to where the group has said that it is committed.
  std::map<logic::PartitionId, logic::Offset> confirmed_;
  bool membership_changed_ = false;
  std::chrono::steady_clock::time_point membership_read_{};
  std::optional<std::chrono::steady_clock::time_point> name_refused_;
  std::uint64_t marks_told_ = 0;
  std::array<rd_kafka_message_t*, pull_records> pulled_{};
};

} // namespace millrace::adapters::kafka
