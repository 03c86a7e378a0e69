#pragma once

#include "logic/batch_ticket.hpp"
#include "logic/circuit_breaker.hpp"
#include "logic/detection/model.hpp"
#include "logic/dispatch_plan.hpp"
#include "logic/encoded_batch.hpp"
#include "logic/enriched_batch.hpp"
#include "logic/faults/fault_order.hpp"
#include "logic/insight_tally.hpp"
#include "logic/ports.hpp"
#include "logic/record_batch.hpp"
#include "logic/supervision/step.hpp"
#include "logic/validated_batch.hpp"
#include "logic/verdict.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What actors say to each other. Orders are named as orders, reports as what
/// happened. All of these stay inside the process: batches travel as shared
/// pointers, so a hop costs a reference count however many events it carries.
namespace millrace::messages {

using logic::BatchTicket;

// -- The way of a batch -------------------------------------------------------

/// Adapter's wake-up, to a consumer or producer: something can be taken.
struct ClientReady {};

/// Consumer to dispatcher: see to it that these records end.
struct DispatchBatch {
  logic::RecordBatchPtr batch;
  std::chrono::steady_clock::time_point read_at;
  /// Where the batch before it ended; absent for the first of an assignment.
  std::optional<logic::Offset> follows;
};

/// Dispatcher to validator.
struct ValidateBatch {
  BatchTicket ticket;
  logic::RecordBatchPtr batch;
};

/// Validator to enricher.
struct EnrichBatch {
  BatchTicket ticket;
  logic::ValidatedBatchPtr batch;
};

/// Enricher to every anomaly detector: judge the events of your shard.
struct JudgeBatch {
  BatchTicket ticket;
  logic::EnrichedBatchPtr batch;
};

/// The detector's answer.
struct BatchJudged {
  logic::ShardVerdictsPtr verdicts;
};

/// Enricher to encoder: all verdicts are in.
struct EncodeBatch {
  BatchTicket ticket;
  logic::EnrichedBatchPtr batch;
  std::vector<logic::ShardVerdictsPtr> verdicts;
};

/// Encoder to producer.
struct ProduceBatch {
  BatchTicket ticket;
  logic::EncodedBatchPtr batch;
};

/// Producer to dispatcher: every record of the batch is delivered.
struct BatchFinished {
  BatchTicket ticket;
};

/// Any stage to dispatcher: this try came to nothing.
struct BatchFailed {
  BatchTicket ticket;
  std::string stage;
  std::string text;
  /// False where the batch only suffered from the death of somebody.
  bool guilty = true;
};

/// Dispatcher to consumer: a partition got further.
struct BatchSettled {
  logic::Settlement settlement;
};

/// Consumer to dispatcher, and on to the producer and the detectors: these
/// partitions are ours no longer under that epoch; drop what is unfinished.
struct ForgetPartitions {
  std::vector<logic::PartitionEpoch> partitions;
};

// -- Detection ----------------------------------------------------------------

/// Detector to trainer: feature rows sampled from the stream, row after row.
struct TrainForest {
  std::shared_ptr<const std::vector<float>> rows;
};

/// Trainer, or whoever loaded a model file, to detectors.
struct UseForest {
  logic::detection::ModelPtr model;
};

// -- Insights -----------------------------------------------------------------

/// Enricher to insights: what was counted since the last time.
struct CountLogins {
  std::shared_ptr<const logic::InsightTally> tally;
};

/// Insights to producer: a record for the insights topic.
struct PublishInsight {
  std::shared_ptr<const std::string> json;
};

/// Consumer to dispatcher: committed.
struct OffsetsCommitted {
  std::vector<logic::PartitionOffset> offsets;
};

// -- After a restart ----------------------------------------------------------

/// Topology to dispatcher: consumer, producer or you were started anew, and
/// messages between you may be lost. Find out which and send them again.
struct CompareNotes {};

/// Dispatcher to consumer: what have you handed over that is not settled?
struct ListUnsettled {};

/// The consumer's answer, or its own question when nothing was settled for
/// long: each batch of it is either in flight or settled again.
struct UnsettledBatches {
  std::vector<DispatchBatch> batches; ///< per partition in offset order
  std::vector<logic::PartitionEpoch> held;
};

/// Dispatcher to producer: what became of these?
struct CheckDeliveries {
  std::vector<BatchTicket> tickets;
};

/// The producer's answer. Those that it is still at are not named.
struct DeliveriesChecked {
  std::vector<logic::BatchId> finished;
  std::vector<BatchTicket> unknown;
};

/// Topology to producer: what an earlier life of that lane still sends does
/// not count.
struct FenceLane {
  std::uint32_t lane = 0;
  logic::Incarnation incarnation; ///< of the new life
};

/// Topology to enrichers: a detector was replaced and will not answer what was
/// asked before.
struct DetectorReplaced {
  std::optional<logic::BatchId> culprit; ///< what it was working on
};

/// Dispatcher to detectors: do not wait for what lies before that place.
struct PassOver {
  logic::Passage passage;
};

/// Supervisor to anybody, through the ordinary mailbox: are you alive?
struct Heartbeat {};
struct HeartbeatAnswer {
  std::size_t mailbox = 0; ///< messages that wait
};

/// A fault on purpose, to be done by the actor itself: throws or blocks.
struct InjectFault {
  std::function<void()> act;
};

/// To a gate in front of an actor: see to that fault.
struct ArmGate {
  logic::faults::FaultOrder order;
  std::function<void()> act; ///< for the actor behind the gate, of some kinds
  std::optional<std::uint32_t> lane; ///< only what comes by this lane
};

/// To the supervisor: have these actors do that. Answered by how many it is
/// passed on to.
struct PassOnFault {
  std::function<bool(const std::string& actor)> meant;
  std::function<void()> act;
};

/// Node to supervisor, at the end: stop all, restart nothing.
struct StopChildren {};

/// An actor that was down and came back.
struct Recovery {
  std::string actor;
  std::string cause;
  std::chrono::microseconds total{}; ///< from the failure to a sign of life
  std::chrono::microseconds waited{}; ///< of it before the start: back-off
  bool hung = false; ///< it gave no sign of life
  std::chrono::steady_clock::time_point found_at{}; ///< the failure
};

/// To the supervisor; answered by the latest of them.
struct ListRecoveries {};
struct Recoveries {
  std::vector<Recovery> recoveries;
};

/// The supervisor's answer to `ReportStatus`.
struct SupervisorStatus {
  logic::supervision::Status tree;
  std::map<std::string, std::size_t> mailboxes; ///< as of the last heartbeat
};

// -- Clockwork and lifecycle --------------------------------------------------

/// An actor's reminder to itself, sent with a delay.
struct Tick {};

/// Topology to dispatcher: a lane begins a (new) life.
struct AttachLane {
  std::uint32_t lane = 0;
  logic::Incarnation incarnation;
  /// What its predecessor was working on when it died, and in which stage.
  std::vector<logic::BatchId> culprits;
  std::string stage;
};

/// Node to consumer: stop reading, see everything finished, commit, leave the
/// group. Answered by `IntakeDrained` when that is done or `deadline` passed.
struct DrainIntake {
  std::chrono::milliseconds deadline{};
};

struct IntakeDrained {
  std::uint64_t records = 0; ///< read in all
  std::uint64_t unfinished_records = 0; ///< 0: nothing was left behind
};

/// Node to insights: publish what was counted since the last time, now.
struct PublishNow {};

/// Node to producer, after the intake drained: deliver what is left, close.
/// Answered by `OutputClosed`.
struct CloseOutput {
  std::chrono::milliseconds deadline{};
};

struct OutputClosed {
  std::uint64_t unsent_records = 0;
};

// -- Status -------------------------------------------------------------------

/// To any of consumer, dispatcher, producer: how do you do?
struct ReportStatus {};

struct PartitionStatus {
  logic::PartitionId partition;
  logic::AssignmentEpoch epoch;
  std::optional<logic::Offset> read;
  std::optional<logic::Offset> finished;
  std::optional<logic::Offset> committed;
  std::optional<std::int64_t> lag_records;
  bool leaving = false;
  bool stalled = false;
};

struct ConsumerStatus {
  bool assigned = false; ///< the group has answered at least once
  bool draining = false;
  std::string fault; ///< empty while the broker answers
  std::vector<PartitionStatus> partitions;
  std::int64_t credit_bytes = 0;
  std::uint64_t records = 0;
};

struct ProducerStatus {
  std::string fault; ///< empty while the broker answers
  std::uint64_t outputs = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t retries = 0;
  std::uint64_t batches = 0; ///< not delivered yet
  /// Failed tries to write a dead letter.
  std::uint64_t stuck = 0;
  logic::CircuitState circuit = logic::CircuitState::closed; ///< to the output
};

struct DispatcherStatus {
  std::uint64_t batches_in_flight = 0;
  std::uint64_t redispatched = 0;
  std::uint64_t poison_records = 0;
};

} // namespace millrace::messages
