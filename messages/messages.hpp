#pragma once

#include "logic/batch_ticket.hpp"
#include "logic/detection/model.hpp"
#include "logic/encoded_batch.hpp"
#include "logic/enriched_batch.hpp"
#include "logic/insight_tally.hpp"
#include "logic/ports.hpp"
#include "logic/record_batch.hpp"
#include "logic/validated_batch.hpp"
#include "logic/verdict.hpp"

#include <caf/actor_control_block.hpp>

#include <chrono>
#include <cstdint>
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
};

/// Dispatcher to consumer, for every finished batch.
struct BatchSettled {
  logic::PartitionId partition;
  logic::AssignmentEpoch epoch;
  /// Where the gap-free end of what is finished stands now.
  std::optional<logic::Offset> next;
  std::uint64_t credit_bytes = 0;
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

// -- Clockwork and lifecycle --------------------------------------------------

/// An actor's reminder to itself, sent with a delay.
struct Tick {};

/// Topology to dispatcher: deal batches to this validator too.
struct AttachLane {
  std::uint32_t lane = 0;
  caf::strong_actor_ptr validator; ///< a `ValidatorActor`
};

struct NamedActor {
  std::string name; ///< "validator 0"
  caf::strong_actor_ptr actor;
};

/// Topology to guard: these must not die.
struct GuardActors {
  std::vector<NamedActor> actors;
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
};

struct DispatcherStatus {
  std::uint64_t batches_in_flight = 0;
  std::uint64_t redispatched = 0;
};

} // namespace millrace::messages
