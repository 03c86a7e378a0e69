#pragma once

#include "actors/delivery/delivery_circuits.hpp"
#include "actors/delivery/delivery_counts.hpp"
#include "actors/delivery/delivery_notices.hpp"
#include "actors/delivery/producer.hpp"
#include "actors/delivery/transactional_delivery.hpp"
#include "logic/delivery/forgotten_epochs.hpp"
#include "logic/delivery/insight_publisher.hpp"
#include "logic/delivery/outbox.hpp"
#include "logic/delivery/record_sink.hpp"
#include "logic/delivery/resequencer.hpp"
#include "messages/insights.hpp"
#include "messages/lifecycle.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"
#include "messages/transactions.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

/// Internal to the producer.
namespace millrace::actors {

/// What a producer works on; outlives the actor.
class Producer {
public:
  static inline const char* name = name_of(logic::ActorKind::producer).data();
  explicit Producer(ProducerParameters parameters);
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// The client sends from the outbox's bytes without copying them, so it
  /// must be gone before they are.
  ~Producer();

  /// Gives this a client where it has none that works.
  logic::Result<void> provide_client();
  void begin(ProducerActor::pointer self);

  const Surroundings& surroundings() const { return parameters_.surroundings; }

  template <class Actor>
  static ProducerActor::behavior_type behavior(Actor& actor) {
    return {
      actor.handle_with(&Producer::on_client_ready),
      actor.handle_with(&Producer::take_in),
      actor.handle_with(&Producer::fence),
      actor.handle_with(&Producer::check),
      actor.handle_with(&Producer::publish),
      actor.handle_with(&Producer::note_joined),
      actor.handle_with(&Producer::commit_offsets),
      actor.handle_with(&Producer::forget_all),
      actor.handle_with(&Producer::tick),
      actor.handle_with(&Producer::close),
      actor.handle_with(&Producer::status),
      answer_heartbeats(actor.self()),
      obey_faults(actor.surroundings()),
    };
  }

private:
  /// Of looking after the sink, and of telling what is partly finished.
  static constexpr std::chrono::milliseconds tick_interval{1'000};

  struct Waiting {
    logic::BatchTicket ticket;
    logic::EncodedBatchPtr batch;
  };

  void on_client_ready(messages::ClientReady) { take_reports(); }

  void tick(messages::Tick);
  void take_in(messages::ProduceBatch& order);

  /// Two lives of a lane may work on the same batch; only the later counts,
  /// as the earlier may be past what was halved meanwhile.
  bool fenced(const logic::BatchTicket& ticket) const;
  void fence(messages::FenceLane order);
  void check(const messages::CheckDeliveries& question);
  void pump();
  void wake_for_retry();

  /// The sink looks after itself when it is asked, wake-up or not.
  void schedule_tick();
  void take_reports();

  /// Before the batches are told finished: what is told then is committed.
  void advance_transactions();
  /// If there are any.
  void tell_of_lost_commits(const logic::Error& error);
  void note_joined(const messages::GroupJoined& news);
  void commit_offsets(const messages::CommitOffsets& order);
  void look_for_lost_reports();
  void apply_reports(caf::actor_clock::time_point now);
  void look_at_circuits(caf::actor_clock::time_point now);

  /// Between the reports and the next sending, when most is known.
  void tell_partly_finished();
  void finish(const logic::DeliveredBatch& batch);
  void announce(const logic::OutboxNotice& notice);
  void announce(const logic::ClientEvent& event);
  void fail(const logic::Error& error);
  void forget_all(const messages::ForgetPartitions& order);
  void forget(const logic::PartitionEpoch& held);

  // -- Insights ---------------------------------------------------------------

  void publish(const messages::PublishInsight& order);

  // -- The end ----------------------------------------------------------------

  caf::result<messages::OutputClosed> close(const messages::CloseOutput& order);
  void finish_closing();
  messages::ProducerStatus status(messages::ReportStatus);

  ProducerActor::pointer self_ = nullptr;
  ProducerParameters parameters_;
  std::unique_ptr<logic::RecordSink> sink_;
  bool client_failed_ = false;
  Metrics& metrics_;
  logic::Log& log_;
  logic::Outbox outbox_;
  std::map<logic::PartitionEpoch, logic::Resequencer<Waiting>> resequencers_;
  logic::ForgottenEpochs forgotten_;
  /// The life that counts of each; lanes elsewhere have any number.
  std::map<std::uint32_t, logic::Incarnation> lanes_;
  caf::actor_clock::time_point outbox_clock_; ///< when reports came last
  caf::actor_clock::time_point partly_told_;
  logic::DeliveryReports reports_; ///< reused
  logic::InsightPublisher insights_;
  std::optional<TransactionalDelivery> transactions_; ///< none: at least once
  OutputCircuit output_circuit_;
  DeadLetterCircuit dead_letter_circuit_;
  prometheus::Gauge& insights_gauge_;
  std::string fault_;
  std::uint64_t stuck_ = 0; ///< failed tries to write a dead letter
  DeliveryCounts counts_;
  std::optional<caf::actor_clock::time_point> wake_at_;
  bool closed_ = false;
  std::optional<caf::typed_response_promise<messages::OutputClosed>> closing_;
  caf::actor_clock::time_point close_deadline_;
};

} // namespace millrace::actors
