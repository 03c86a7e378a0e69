#pragma once

#include "logic/detection/login_rows.hpp"
#include "logic/records/batch_ticket.hpp"
#include "logic/records/encoded_batch.hpp"
#include "logic/records/enriched_batch.hpp"
#include "logic/records/judgement.hpp"
#include "logic/records/member_column.hpp"
#include "logic/records/partition_offset.hpp"
#include "logic/records/record_batch.hpp"
#include "logic/records/validated_batch.hpp"
#include "logic/recovery/dispatch_plan.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

/// The way of a batch, from the consumer to the producer and back.
namespace millrace::messages {

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
  logic::BatchTicket ticket;
  logic::RecordBatchPtr batch;

  const logic::RecordBatchPtr& raw() const { return batch; }
};

/// Validator to enricher.
struct EnrichBatch {
  logic::BatchTicket ticket;
  logic::ValidatedBatchPtr batch;

  const logic::RecordBatchPtr& raw() const { return batch->raw; }
};

/// Enricher to judgement router: have these logins judged by those who know
/// their users and addresses.
struct JudgeBatch {
  logic::BatchTicket ticket;
  logic::EnrichedBatchPtr batch;
  logic::detection::LoginRowsPtr rows;

  const logic::RecordBatchPtr& raw() const { return batch->validated->raw; }
};

/// The router's answer: on each event once.
struct BatchJudged {
  std::vector<logic::ShardJudgementsPtr> judgements;
};

/// Judgement router to an anomaly detector: judge the rows of those shards, as
/// far as they are yours.
struct JudgeRows {
  logic::BatchTicket ticket;
  logic::detection::LoginRowsPtr rows;
  logic::detection::ShardSet shards;
  /// What the rows are of; null where another node asks.
  logic::EnrichedBatchPtr batch;

  logic::RecordBatchPtr raw() const {
    return batch ? batch->validated->raw : nullptr;
  }
};

/// The detector's answer.
struct RowsJudged {
  logic::ShardJudgementsPtr judgements;
};

/// Enricher to encoder: all judgements are in.
struct EncodeBatch {
  logic::BatchTicket ticket;
  logic::EnrichedBatchPtr batch;
  std::vector<logic::ShardJudgementsPtr> judgements;
  /// What stages in between add to the output.
  std::vector<logic::MemberColumnPtr> columns = {};

  const logic::RecordBatchPtr& raw() const { return batch->validated->raw; }
};

/// Encoder to producer.
struct ProduceBatch {
  logic::BatchTicket ticket;
  logic::EncodedBatchPtr batch;

  const logic::RecordBatchPtr& raw() const { return batch->raw; }
};

/// Judgement router to dispatcher: the batch waits for those before it in its
/// partition, which is no fault of its lane.
struct BatchAwaitsTurn {
  logic::BatchTicket ticket;
};

/// And now its turn has come.
struct BatchTakesTurn {
  logic::BatchTicket ticket;
};

/// Last stage of a lane to dispatcher: the batch is with the producer, and the
/// lane has its credit back.
struct BatchLeftLane {
  logic::BatchTicket ticket;
};

/// Producer to dispatcher: every record of the batch is delivered.
struct BatchFinished {
  logic::BatchTicket ticket;
};

/// Producer to dispatcher: a record of the batch is not delivered for now, but
/// all before it are.
struct BatchPartlyFinished {
  logic::BatchTicket ticket;
  logic::Offset next;
};

/// Any stage to dispatcher: this try came to nothing.
struct BatchFailed {
  logic::BatchTicket ticket;
  std::string stage;
  std::string text;
  /// False where the batch only suffered from the death of somebody.
  bool guilty = true;
};

/// Dispatcher to consumer: a partition got further.
struct BatchAcknowledged {
  logic::Acknowledgement acknowledgement;
};

/// Consumer to dispatcher: committed.
struct OffsetsCommitted {
  std::vector<logic::PartitionOffset> offsets;
};

/// Consumer to dispatcher, and on to the producer and the detection: these
/// partitions are ours no longer under that epoch; drop what is unfinished.
struct ForgetPartitions {
  std::vector<logic::PartitionEpoch> partitions;
  /// Their logs begin anew: an offset means another record from now on. With
  /// no partitions, those of all that are not held.
  bool logs_restarted = false;
};

/// The orders that carry a batch: each has a `ticket` and says which `raw()`
/// batch it is about, if it is one of this node.
using BatchOrders = std::tuple<ValidateBatch, EnrichBatch, JudgeBatch,
                               JudgeRows, EncodeBatch, ProduceBatch>;

} // namespace millrace::messages
