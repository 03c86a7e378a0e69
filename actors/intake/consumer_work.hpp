#pragma once

#include "actors/intake/consumer.hpp"
#include "logic/intake/assignment.hpp"
#include "logic/intake/partition_progress.hpp"
#include "logic/intake/rate_limiter.hpp"
#include "logic/intake/record_source.hpp"
#include "logic/intake/silence_watch.hpp"
#include "logic/intake/unacknowledged_batches.hpp"
#include "messages/lifecycle.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"
#include "messages/transactions.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace millrace::actors {

/// What the actors of `consumers` do; for nobody else. Reading and settling
/// are in consumer.cpp, changes in the group and the end in consumer_group.cpp,
/// commits in consumer_commits.cpp.
class Consumer {
public:
  static inline const char* name = name_of(logic::ActorKind::consumer).data();

  explicit Consumer(ConsumerParameters parameters);

  /// Gives this a client where it has none that works.
  logic::Result<void> provide_client();

  void begin(ConsumerActor::pointer self);

  const Surroundings& surroundings() const { return parameters_.surroundings; }

  template <class Actor>
  static ConsumerActor::behavior_type behavior(Actor& actor) {
    return {
      actor.handle_with(&Consumer::on_client_ready),
      actor.handle_with(&Consumer::acknowledge),
      actor.handle_with(&Consumer::list_unacknowledged),
      actor.handle_with(&Consumer::note_committed),
      actor.handle_with(&Consumer::lose_commits),
      actor.handle_with(&Consumer::tick),
      actor.handle_with(&Consumer::drain),
      actor.handle_with(&Consumer::status),
      answer_heartbeats(actor.self()),
      obey_faults(actor.surroundings()),
    };
  }

private:
  using TimePoint = caf::actor_clock::time_point;

  /// Partitions that the group wants back, and until when.
  struct Leaving {
    std::vector<logic::PartitionEpoch> partitions;
    TimePoint deadline;
    bool restarted = false; ///< their logs begin anew; nobody wants them back
    TimePoint commit_again_at{}; ///< after a commit that failed
  };

  // -- Reading and settling ---------------------------------------------------

  void on_client_ready(messages::ClientReady);
  void take_what_is_ready();
  void take_batches();

  /// Null when there is none, or none may be read.
  logic::RecordBatchPtr take_batch();
  void hand_on(logic::RecordBatchPtr batch);

  /// Events that the rate limit lets in now; where none, it wakes us.
  std::size_t allowance();
  void acknowledge(const messages::BatchAcknowledged& report);
  void show_credit();

  /// Somebody was started anew, or nothing was acknowledged for long: the
  /// dispatcher takes in what it does not know and acknowledges what is
  /// finished.
  void list_unacknowledged(messages::ListUnacknowledged);

  messages::ConsumerStatus status(messages::ReportStatus);

  // -- Changes in the group ---------------------------------------------------

  void handle(logic::ClientEvent& event);
  void assign(const std::vector<logic::PartitionEpoch>& partitions);
  void begin_leaving(std::vector<logic::PartitionEpoch> partitions,
                     bool restarted);
  void finish_leaving();

  /// False where it must be tried again.
  bool finish_leaving(Leaving& leaving, TimePoint now);
  void lose(const std::vector<logic::PartitionEpoch>& partitions);
  void give_back(const std::vector<logic::PartitionEpoch>& partitions,
                 bool restarted = false);
  void forget(const std::vector<logic::PartitionEpoch>& partitions,
              bool restarted = false);
  void note_placed(const logic::ClientEvent& event);
  void note_recreated(const logic::Error& error);
  void note_unplaced(const logic::Error& error);
  void show_assigned();
  void note_fault(const logic::Error& error);
  void note_recovery();
  void fail(const logic::Error& error);
  void end_displaced(const logic::Error& error);
  void lose_client(const logic::Error& error, std::string_view what);

  // -- Committing -------------------------------------------------------------

  void schedule_tick();
  void tick(messages::Tick);
  void commit_what_is_finished();
  void announce_membership(bool again);
  void note_committed(const messages::OffsetsCommitted& news);
  void lose_commits(const messages::CommitsLost& news);
  void ask_to_commit(std::vector<logic::PartitionOffset> offsets);
  /// Both: an error where trying again may help.
  logic::Result<void>
  commit_now(const std::vector<logic::PartitionOffset>& offsets,
             TimePoint deadline);
  logic::Result<void> commit(const std::vector<logic::PartitionOffset>& offsets,
                             std::chrono::milliseconds wait);
  std::chrono::milliseconds left_until(TimePoint deadline) const;
  void warn_of_repeats(const logic::Error& error);
  void watch_progress(std::span<const logic::PartitionLag> ends);

  // -- The end ----------------------------------------------------------------

  caf::result<messages::IntakeDrained>
  drain(const messages::DrainIntake& order);
  void stop_intake(std::chrono::milliseconds deadline);
  void finish_draining();
  void finish_what_ends();
  messages::IntakeDrained taken_in() const;

  ConsumerActor::pointer self_ = nullptr;
  ConsumerParameters parameters_;
  std::unique_ptr<logic::RecordSource> source_;
  bool client_failed_ = false;
  Metrics& metrics_;
  logic::Log& log_;
  logic::BatchLimits limits_;
  logic::Assignment assignment_;
  logic::UnacknowledgedBatches unacknowledged_;
  logic::PartitionProgress progress_;
  logic::SilenceWatch silence_;
  logic::RateLimiter rate_limiter_;
  prometheus::Gauge& credit_used_;
  prometheus::Counter& credit_limit_;
  prometheus::Counter& rate_limit_;
  std::vector<Leaving> leaving_;
  logic::GroupMembershipPtr member_; ///< where the producer commits
  std::string fault_;
  std::uint64_t records_ = 0;
  bool joined_ = false;
  TimePoint rate_wake_at_{}; ///< when the last wake-up for the rate is due
  bool held_back_ = false; ///< records wait for credit or read-ahead
  bool closed_ = false;
  std::optional<caf::typed_response_promise<messages::IntakeDrained>> draining_;
  TimePoint drain_deadline_;
};

} // namespace millrace::actors
