#pragma once

#include "logic/records/batch_ticket.hpp"
#include "logic/records/partition_offset.hpp"
#include "logic/records/record_batch.hpp"
#include "logic/recovery/flight_recorder.hpp"
#include "logic/recovery/lane_table.hpp"
#include "logic/recovery/offset_ledger.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace millrace::logic {

/// Give this batch (or piece of one) to that lane.
struct Deal {
  BatchTicket ticket;
  RecordBatchPtr batch;
};

/// These records, one as a rule, are to become dead letters: they fail a stage
/// on every try.
struct PoisonedRecords {
  BatchTicket ticket;
  RecordBatchPtr batch;
  std::string stage;
  std::string error;
  std::uint32_t tries = 0;
};

/// How far a partition got.
struct Acknowledgement {
  PartitionEpoch held;
  std::optional<Offset> next; ///< the gap-free end, where it moved
  /// First offset of a batch that was taken in and is finished as a whole.
  std::optional<Offset> batch_first;
};

/// Everything of the partition before that place is finished, though not all
/// of it went through every stage.
struct SequenceAdvance {
  PartitionEpoch held;
  BatchPlace place;
};

struct DispatchOrders {
  std::vector<Deal> deals;
  std::vector<PoisonedRecords> poisoned_records;
  std::vector<Acknowledgement> acknowledgements;
  std::vector<SequenceAdvance> advances;
  /// Of which it is not certain that the producer has them: their lane is gone.
  std::vector<BatchTicket> checks;
};

/// The truth about what is unfinished: which batch is where, how often it
/// failed, and what is to be done next. A batch that fails is tried again;
/// when it is out of retries it is halved, again and again, until the records
/// that fail are found: at most log2(n) passes more for each. Pieces go one
/// after the other and only when everything before them is finished, so order
/// holds. Lanes get what they have credit for, in bytes of footprint; the rest
/// waits here. Pure: the orders are somebody else's to carry out.
class DispatchPlan {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `recorder` may be null; it must outlive this. All lanes together hold no
  /// more than `lanes_bytes`.
  DispatchPlan(std::uint32_t retry_limit, FlightRecorder* recorder,
               std::uint64_t lanes_bytes);

  /// A new life of a lane. What its predecessor held is dealt again; those
  /// batches of which it is known that they were being worked on when the
  /// predecessor died count as failed in `stage`. For the life that is known
  /// already only the window changes. False for a life that is over.
  bool attach_lane(const LaneLife& life, std::span<const BatchId> suspects,
                   const std::string& stage);

  /// The lane is gone. What it held is dealt again, and nobody is to blame.
  /// False for a life that was over before.
  bool detach_lane(std::uint32_t lane, Incarnation incarnation);

  /// The lane can do nothing with that try until those before it in its
  /// partition are judged, so it has the bytes back; and now it can again, so
  /// it has them not, credit or no.
  void await_turn(const BatchTicket& ticket);
  void take_turn(const BatchTicket& ticket);

  /// The lane has done with that try and handed it to the producer: its bytes
  /// are free again. Reports on earlier tries are ignored.
  void leave_lane(const BatchTicket& ticket);

  /// Takes a batch in. One that is known already only has its acknowledgement
  /// repeated. False, and nothing done, if it does not follow the last one
  /// taken in of its partition and epoch: then that one is lost.
  bool open(RecordBatchPtr batch, TimePoint read_at,
            std::optional<Offset> follows);

  /// All records of that batch or piece are delivered.
  void finish(BatchId id);

  /// All before that offset are, of the try that goes by that id.
  void finish_before(BatchId id, Offset next);

  enum class Outcome : std::uint8_t { ignored, again, halved, dead_lettered };

  /// A try came to nothing. It counts as a failure of the batch itself only
  /// if `guilty`. Reports on earlier tries are ignored.
  Outcome fail(const BatchTicket& ticket, bool guilty, const std::string& stage,
               const std::string& error);

  /// Drops what belongs to partitions that are ours no longer.
  void forget(std::span<const PartitionEpoch> partitions);
  /// Drops all but these.
  void keep_only(std::span<const PartitionEpoch> partitions);

  /// What was committed is of no more interest to the recorder.
  void note_committed(std::span<const PartitionOffset> offsets);

  /// What was dealt and is not finished.
  std::vector<BatchTicket> dealt() const;

  DispatchOrders take_orders();

  std::size_t batches() const noexcept { return in_flight_.size(); }
  std::size_t payload_bytes() const noexcept { return payload_bytes_; }
  /// Of all lanes together, and the footprint of what waits for one to have
  /// credit.
  CreditUse credit() const noexcept {
    auto use = lanes_.use();
    use.waiting_bytes = waiting_bytes_;
    return use;
  }
  /// Footprint of what awaits its turn in lanes.
  std::uint64_t turn_bytes() const noexcept { return turn_bytes_; }
  std::vector<LaneCredit> lane_credits() const { return lanes_.credits(); }

private:
  /// A batch as the consumer knows it, which may be in flight in several parts.
  struct Intake {
    Offset first;
    std::size_t unfinished = 0;
  };

  /// Half-open, indices into the records of a batch.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t size() const noexcept { return end - begin; }
  };

  struct InFlightBatch {
    enum class State : std::uint8_t {
      waiting, ///< not dealt yet
      waiting_again, ///< came back from a lane
      in_lane,
      awaiting_turn, ///< in a lane, but uncounted
      in_producer, ///< the lane has done with it
      to_be_halved, ///< once it is the oldest of its partition
      dead_lettered, ///< on its way to the dead letters, as a whole or a piece
    };
    BatchId key; ///< the first name that it goes by
    BatchTicket ticket; ///< of the latest try
    RecordBatchPtr batch;
    RecordBatchPtr part; ///< what is tried now: the batch, or a piece of it
    std::shared_ptr<Intake> intake;
    BatchCut::Treatment treatment = BatchCut::Treatment::ordinary;
    State state = State::waiting;
    std::uint32_t failed_attempts = 0;
    std::uint32_t lost_elsewhere = 0; ///< with other processes
    /// The part that is tried now, if not every record goes through every
    /// stage.
    std::optional<Range> piece;
    std::vector<Range> pieces_ahead; ///< still to try, the next one last
    std::string stage;
    std::string error;

    /// What may kill processes is not passed on through all there are: this
    /// one has the recorder.
    LaneChoice choice() const noexcept {
      return lost_elsewhere < 2 && treatment == BatchCut::Treatment::ordinary
               ? LaneChoice::any
               : LaneChoice::of_this_process;
    }
    bool is_with_lane() const noexcept {
      return state == State::in_lane || state == State::awaiting_turn;
    }
    /// Somebody works on it, or should.
    bool is_dealt() const noexcept {
      return is_with_lane() || state == State::in_producer
             || state == State::dead_lettered;
    }
  };
  using InFlightBatches = std::map<BatchId, InFlightBatch>;

  struct Partition {
    OffsetLedger ledger;
    std::map<BatchSequence, BatchId> in_flight;
    std::optional<Offset> opened; ///< the highest offset taken in
    std::optional<Offset> finished; ///< the gap-free end
  };

  static PartitionEpoch held(const InFlightBatch& entry) {
    return {entry.ticket.partition, entry.ticket.epoch};
  }
  void admit(const RecordBatchPtr& batch, const BatchCut& cut,
             const std::shared_ptr<Intake>& intake, TimePoint read_at);
  void pump();
  void pump_again();
  void deal(InFlightBatch& entry, std::uint32_t lane);
  void wait(InFlightBatch& entry, InFlightBatch::State state);
  void deal_again(InFlightBatch& entry);
  void take_back(InFlightBatch& entry);
  void lose_lane(std::uint32_t lane, std::span<const BatchId> suspects,
                 const std::string& stage);
  bool is_next_in_order(const InFlightBatch& entry) const;
  Outcome fail_try(const BatchTicket& ticket, bool guilty,
                   const std::string& stage, const std::string& error);
  Outcome count_failed_attempt(InFlightBatch& entry);
  void halve(InFlightBatch& entry, Range range);
  void next_piece(InFlightBatch& entry);
  void dead_letter(InFlightBatch& entry);
  void complete(InFlightBatches::iterator found);
  void halve_oldest(const PartitionEpoch& held);
  void remove(InFlightBatches::iterator found, bool finished);
  void rename(InFlightBatch& entry);
  BatchPlace oldest_unfinished(const PartitionEpoch& held);
  InFlightBatches::iterator find(BatchId id);
  /// Null unless that is the latest try of a batch.
  InFlightBatch* find_try(const BatchTicket& ticket);

  std::uint32_t retry_limit_;
  FlightRecorder* recorder_;
  InFlightBatches in_flight_;
  /// The names that pieces go by.
  std::map<BatchId, BatchId> pieces_;
  std::map<PartitionEpoch, Partition> partitions_;
  LaneTable lanes_;
  std::set<BatchId> waiting_; ///< not dealt yet, in the order of arrival
  std::set<BatchId> again_; ///< came back; all older than those not dealt yet
  std::uint64_t waiting_bytes_ = 0; ///< in both
  std::uint64_t turn_bytes_ = 0;
  std::size_t dealt_ = 0;
  bool alone_ = false; ///< what is dealt is to stay on its own
  std::size_t payload_bytes_ = 0;
  std::uint64_t next_id_ = 0;
  DispatchOrders orders_;
};

} // namespace millrace::logic
