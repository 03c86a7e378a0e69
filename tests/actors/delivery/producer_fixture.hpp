#pragma once

#include "actors/delivery/producer.hpp"
#include "messages/insights.hpp"
#include "messages/lifecycle.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"
#include "messages/transactions.hpp"
#include "tests/logic/delivery/outbox_fixture.hpp"
#include "tests/simulation/simulated_transactions.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/support/memory_log.hpp"

#include "caf/test/dsl.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <prometheus/registry.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace millrace::tests {

/// What a consumer hears from the producer.
struct ConsumerNotes {
  std::vector<logic::PartitionOffset> committed;
  int losses = 0;
};

inline actors::ConsumerActor::behavior_type
deaf_consumer(actors::ConsumerActor::pointer, ConsumerNotes* notes) {
  return {
    [](messages::ClientReady) {},
    [](const messages::BatchAcknowledged&) {},
    [](messages::ListUnacknowledged) {},
    [notes](const messages::OffsetsCommitted& news) {
      notes->committed.insert(notes->committed.end(), news.offsets.begin(),
                              news.offsets.end());
    },
    [notes](const messages::CommitsLost&) { ++notes->losses; },
    [](messages::Tick) {},
    [](const messages::DrainIntake&) { return messages::IntakeDrained{}; },
    [](messages::ReportStatus) { return messages::ConsumerStatus{}; },
    [](messages::Heartbeat) { return messages::HeartbeatAnswer{}; },
    [](const messages::InjectFault&) {},
  };
}

/// A producer that writes in transactions, between a fake sink and a consumer
/// that the test plays.
struct ProducerFixture : test_coordinator_fixture<> {
  std::shared_ptr<SinkScript> sink = std::make_shared<SinkScript>();
  std::shared_ptr<SimulatedTransactions> broker
    = std::make_shared<SimulatedTransactions>(*sink);
  std::shared_ptr<prometheus::Registry> registry
    = std::make_shared<prometheus::Registry>();
  std::shared_ptr<VirtualClock> clock = std::make_shared<VirtualClock>(
    1'730'000'000'000);
  ConsumerNotes notes;
  actors::ConsumerActor consumer;
  actors::SuccessorFactory<actors::ProducerActor> next;
  actors::ProducerActor producer;
  std::uint64_t lives = 0;

  ProducerFixture() {
    sink->transactions = broker;
    consumer = sys.spawn(deaf_consumer, &notes);
    actors::ProducerParameters parameters;
    parameters.delivery.guarantee = "exactly_once";
    parameters.open_sink =
      [this]() -> logic::Result<std::unique_ptr<logic::RecordSink>> {
      return std::unique_ptr<logic::RecordSink>{
        std::make_unique<SimulatedSink>(sink)};
    };
    parameters.dispatcher
      = std::make_shared<actors::RegisteredActor<actors::DispatcherActor>>();
    parameters.consumer
      = std::make_shared<actors::RegisteredActor<actors::ConsumerActor>>();
    parameters.consumer->assign(consumer);
    parameters.surroundings = {std::make_shared<MemoryLog>(),
                               std::make_shared<actors::Metrics>(registry),
                               clock, nullptr};
    next = actors::producers(sys, std::move(parameters));
    start();
  }

  ~ProducerFixture() override {
    sink->wake = nullptr;
    end(producer);
    end(consumer);
    sched.run();
  }

  /// The first, or one that takes over.
  void start() {
    auto started = next(logic::Incarnation{++lives});
    CAF_REQUIRE(started);
    producer = *started;
    sched.run();
  }

  template <class Actor>
  void end(const Actor& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    sched.run();
  }

  /// In its mailbox, behind what is there.
  template <class Message>
  void give(Message message) {
    caf::anon_send(producer, std::move(message));
  }

  void pass(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds step{10};
    sched.run();
    for (; time.count() > 0; time -= step) {
      sched.advance_time(step);
      clock->advance(step);
      sched.run();
    }
  }

  /// `good` outputs and then `bad` dead letters, from that offset on.
  void produce(const logic::PartitionEpoch& held, std::int64_t first, int good,
               int bad = 0) {
    auto ticket = tests::ticket(++batches_);
    ticket.partition = held.partition;
    ticket.epoch = held.epoch;
    ticket.place.sequence = logic::BatchSequence{batches_};
    ticket.oldest_unfinished = ticket.place;
    give(messages::ProduceBatch{
      ticket, encoded(good, bad, first, held.partition.value)});
  }

  template <class... Held>
  void forget(const Held&... held) {
    give(messages::ForgetPartitions{{held...}, false});
  }

  void joined(std::vector<logic::PartitionEpoch> held,
              logic::AssignmentEpoch newest) {
    give(messages::GroupJoined{std::make_shared<logic::GroupMembership>(),
                               std::move(held), newest});
  }

private:
  std::uint64_t batches_ = 0;
};

} // namespace millrace::tests
