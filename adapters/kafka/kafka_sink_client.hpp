#pragma once

#include "adapters/kafka/broker_watch.hpp"
#include "adapters/kafka/client.hpp"
#include "adapters/kafka/destination_topic.hpp"
#include "adapters/kafka/kafka_sink.hpp"
#include "adapters/kafka/producing_client.hpp"
#include "adapters/kafka/refused_messages.hpp"
#include "adapters/kafka/topic_watch.hpp"
#include "adapters/kafka/transaction_thread.hpp"
#include "adapters/kafka/wake_signal.hpp"
#include "logic/delivery/record_sink.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// What `open_kafka_sink` makes; for nobody else: one idempotent producer for
/// the three destinations. Sending is in kafka_sink.cpp, reports are in
/// kafka_sink_reports.cpp, transactions in kafka_sink_transactions.cpp.
class KafkaSink final : public logic::RecordSink, private logic::Transactions {
public:
  KafkaSink() = default;
  KafkaSink(const KafkaSink&) = delete;
  KafkaSink& operator=(const KafkaSink&) = delete;
  ~KafkaSink() override { end(std::chrono::seconds{1}); }

  logic::Result<void> open(const KafkaConfig& config,
                           const KafkaSinkLimits& limits,
                           const KafkaTransactions& transactions);

  void on_ready(std::function<void()> wake) override;
  std::size_t send(std::span<const logic::OutgoingRecord> records) override;
  void take_reports(logic::DeliveryReports& reports) override;
  std::size_t queued_records() const override { return queued_; }
  logic::TimestampBounds
  timestamp_bounds(logic::Destination destination) const override {
    return topics_ ? topics_->at(destination).limits.timestamps
                   : logic::TimestampBounds{};
  }
  logic::Transactions* transactions() override {
    return transactions_.id.empty() ? nullptr : this;
  }
  void hurry() override;
  void close(std::chrono::milliseconds deadline) override { end(deadline); }

private:
  using Clock = std::chrono::steady_clock;
  enum class Transaction : std::uint8_t { none, open, committing, aborting };

  bool begin() override;
  void commit(std::vector<logic::PartitionOffset> offsets,
              logic::GroupMembershipPtr member) override;
  void abort() override;
  void on_outcome(const TransactionThread::Outcome& outcome,
                  logic::DeliveryReports& reports);
  void on_dead(const TransactionThread::Outcome& outcome,
               logic::DeliveryReports& reports);
  /// The transactional id is asked for again after a while.
  void ask_again_when_due();
  bool may_send();

  logic::Result<void> open_client();

  /// Whether the client is made for the topics as they are, and sends no more
  /// at once than they take at once; sees to it as soon as the client has
  /// nothing to do.
  bool fits_topics();
  bool renew_client();
  /// A record was refused: what the client holds behind it comes back, so that
  /// nothing passes those of its request that are sent again. True once a new
  /// client is there.
  bool close_gap();
  /// Whether the client is full, or stopped at a record that was refused: in a
  /// transaction, which is to be aborted then, or at a gap.
  bool takes_no_more(rd_kafka_resp_err_t error);
  static void give_up_reports(logic::DeliveryReports& reports);
  /// Whether all that failed in a transaction is what was given up for
  /// something that is not reported yet.
  bool lacks_reason(const logic::DeliveryReports& reports) const;
  void give_reason(logic::DeliveryReports& reports);
  std::string
  topic_names(const std::vector<logic::DeliveryFailure>& failed) const;
  void purge(); ///< gives up what is queued
  void end(std::chrono::milliseconds deadline);
  /// Whether the client, as it is made now, may find it too large.
  bool is_large(const logic::OutgoingRecord& record) const noexcept;
  /// How many from the first on may be sent in one call; `keyed`: as those
  /// without a key may not.
  std::size_t run_length(std::span<const logic::OutgoingRecord> records,
                         bool keyed) const;
  std::int32_t partition_of(const DestinationTopic& topic,
                            const logic::OutgoingRecord& record) const;
  std::size_t send_run(DestinationTopic& topic,
                       std::span<const logic::OutgoingRecord> run);
  bool send_one(DestinationTopic& topic, const logic::OutgoingRecord& record);
  void refuse(const logic::OutgoingRecord& record, rd_kafka_resp_err_t error,
              std::string text);
  void on_reports(rd_kafka_event_t* event, logic::DeliveryReports& reports);
  void on_delivered(const rd_kafka_message_t& message,
                    logic::DeliveryReports& reports) const;
  void on_failed(rd_kafka_resp_err_t error, logic::DeliveryReports& reports);

  KafkaConfig config_;
  KafkaSinkLimits limits_;
  KafkaTransactions transactions_;
  ClientSizes sizes_;
  /// A topic was created anew: from then on what the client has is given up.
  std::optional<Clock::time_point> purge_at_;
  /// The client refused to go on behind a record that was refused.
  bool gap_ = false;
  std::optional<logic::Error> failure_; ///< of making the client anew
  WakeSignal wake_;
  ClientPtr client_;
  QueuePtr queue_;
  std::unique_ptr<BrokerWatch> watch_;
  std::unique_ptr<TopicWatch> topics_;
  std::unique_ptr<TransactionThread> thread_; ///< null without transactions
  Transaction transaction_ = Transaction::none;
  bool prepared_ = false; ///< a transaction may begin
  std::uint32_t refusals_ = 0; ///< of the transactional id, in succession
  std::optional<Clock::time_point> ask_again_at_;
  std::vector<logic::DeliveryFailure> refused_;
  logic::DeliveryReports last_reports_; ///< of what closing gave up
  std::size_t queued_ = 0;
  bool by_key_ = false;
  std::vector<rd_kafka_message_t> messages_; ///< scratch
  std::vector<rd_kafka_resp_err_t> refused_messages_; ///< scratch
  std::vector<const rd_kafka_message_t*> failed_messages_; ///< scratch
  std::vector<std::int64_t> timestamps_; ///< scratch
};

} // namespace millrace::adapters::kafka
