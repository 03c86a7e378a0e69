#pragma once

#include "actors/consumer.hpp"
#include "logic/assignment.hpp"
#include "logic/partition_progress.hpp"
#include "logic/unsettled_batches.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millrace::actors {

/// What the actors of `consumers` do; for nobody else. Reading and settling
/// are in consumer.cpp; changes in the group, commits and the end are in
/// consumer_group.cpp.
class Consumer {
public:
  static inline const char* name = "consumer";

  explicit Consumer(ConsumerParts parts);

  /// Gives this a client where it has none that works.
  logic::Result<void> provide_client();

  void begin(ConsumerActor::pointer self);

  template <class Life>
  static ConsumerActor::behavior_type behavior(Life& life) {
    return {
      life.by(&Consumer::on_client_ready), life.by(&Consumer::settle),
      life.by(&Consumer::list_unsettled),  life.by(&Consumer::tick),
      life.by(&Consumer::drain),           life.by(&Consumer::status),
      answer_heartbeats(life.self()),      obey_faults(),
    };
  }

private:
  using TimePoint = caf::actor_clock::time_point;

  /// Partitions that the group wants back, and until when.
  struct Leaving {
    std::vector<logic::PartitionEpoch> partitions;
    TimePoint deadline;
    TimePoint commit_again_at{}; ///< after a commit that failed
  };

  // -- Reading and settling ---------------------------------------------------

  void on_client_ready(messages::ClientReady);
  void take_what_is_ready();
  void take_batches();

  /// Null when there is none, or none may be read.
  logic::RecordBatchPtr take_batch();
  void hand_on(logic::RecordBatchPtr batch);
  void settle(const messages::BatchSettled& report);
  void show_credit();

  /// Somebody was started anew, or nothing was settled for long: the
  /// dispatcher takes in what it does not know and settles what is finished.
  void list_unsettled(messages::ListUnsettled);

  messages::ConsumerStatus status(messages::ReportStatus);

  // -- Changes in the group ---------------------------------------------------

  void handle(logic::SourceEvent& event);
  void assign(const std::vector<logic::PartitionEpoch>& partitions);
  void begin_leaving(std::vector<logic::PartitionEpoch> partitions);
  void finish_leaving();

  /// False where it must be tried again.
  bool finish_leaving(Leaving& leaving, TimePoint now);
  void lose(const std::vector<logic::PartitionEpoch>& partitions);
  void give_back(const std::vector<logic::PartitionEpoch>& partitions);
  void forget(const std::vector<logic::PartitionEpoch>& partitions);
  void show_assigned();
  void note_fault(const logic::Error& error);
  void note_recovery();
  void fail(const logic::Error& error);

  // -- Committing -------------------------------------------------------------

  void schedule_tick();
  void tick(messages::Tick);
  void commit_what_is_finished();
  bool commit_now(const std::vector<logic::PartitionOffset>& offsets,
                  TimePoint deadline);
  std::chrono::milliseconds left_until(TimePoint deadline) const;

  /// False where trying again may help.
  bool commit(const std::vector<logic::PartitionOffset>& offsets,
              std::chrono::milliseconds wait);
  void watch_progress();

  // -- The end ----------------------------------------------------------------

  caf::result<messages::IntakeDrained>
  drain(const messages::DrainIntake& order);
  void stop_intake(std::chrono::milliseconds deadline);
  void finish_draining();
  void finish_what_ends();
  messages::IntakeDrained taken_in() const;

  ConsumerActor::pointer self_ = nullptr;
  ConsumerParts parts_;
  std::unique_ptr<logic::RecordSource> source_;
  bool client_failed_ = false;
  Metrics& metrics_;
  logic::Log& log_;
  logic::BatchLimits limits_;
  logic::Assignment assignment_;
  logic::UnsettledBatches unsettled_;
  logic::PartitionProgress progress_;
  prometheus::Gauge& credit_gauge_;
  prometheus::Counter& credit_limit_;
  std::vector<Leaving> leaving_;
  std::string fault_;
  std::uint64_t records_ = 0;
  bool joined_ = false;
  bool held_back_ = false; ///< records wait for credit or read-ahead
  bool closed_ = false;
  std::optional<caf::typed_response_promise<messages::IntakeDrained>> draining_;
  TimePoint drain_deadline_;
};

} // namespace millrace::actors
