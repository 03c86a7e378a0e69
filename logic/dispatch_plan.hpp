#pragma once

#include "logic/batch_ticket.hpp"
#include "logic/offset_ledger.hpp"
#include "logic/ports.hpp"
#include "logic/record_batch.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
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
struct Burial {
  BatchTicket ticket;
  RecordBatchPtr batch;
  std::string stage;
  std::string error;
  std::uint32_t tries = 0;
};

/// How far a partition got.
struct Settlement {
  PartitionEpoch held;
  std::optional<Offset> next; ///< the gap-free end, where it moved
  /// First offset of a batch that was taken in and is finished as a whole.
  std::optional<Offset> batch_first;
};

/// Everything of the partition before that place is finished, though not all
/// of it went through every stage.
struct Passage {
  PartitionEpoch held;
  BatchPlace place;
};

struct DispatchOrders {
  std::vector<Deal> deals;
  std::vector<Burial> burials;
  std::vector<Settlement> settlements;
  std::vector<Passage> passages;
};

/// What to do with consecutive records of a batch, because of what is known
/// from earlier lives of this process.
struct BatchCut {
  enum class Treatment : std::uint8_t {
    ordinary,
    alone, ///< with nothing else in flight, as it may kill the process
    bury ///< it has killed the process on its own
  };
  std::size_t first_index = 0;
  std::size_t count = 0;
  Treatment treatment = Treatment::ordinary;
};

/// Is told what is in flight, so that it is known after a sudden death.
class FlightRecorder {
public:
  virtual ~FlightRecorder() = default;
  virtual std::vector<BatchCut> cut(const RecordBatch& batch) = 0;
  virtual void begin(BatchId id, const RecordBatch& batch, bool alone) = 0;
  /// Finished, or somebody else's from now on.
  virtual void end(BatchId id, bool finished) = 0;
  /// Committed: whatever lies before is never read again.
  virtual void forget_before(PartitionId partition, Offset next) = 0;
};

/// The truth about what is unfinished: which batch is where, how often it
/// failed, and what is to be done next. A batch that fails is tried again;
/// when it is out of retries it is halved, again and again, until the records
/// that fail are found: at most log2(n) passes more for each. Pieces go one
/// after the other and only when everything before them is finished, so order
/// holds. Pure: the orders are somebody else's to carry out.
class DispatchPlan {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `recorder` may be null; it must outlive this.
  DispatchPlan(std::uint32_t retry_limit, FlightRecorder* recorder);

  /// A new life of a lane. What its predecessor held is dealt again; those
  /// batches of which it is known that they were being worked on when the
  /// predecessor died count as failed in `stage`.
  void attach_lane(std::uint32_t lane, Incarnation incarnation,
                   std::span<const BatchId> culprits, const std::string& stage);

  /// Takes a batch in. One that is known already only has its settlement
  /// repeated. False, and nothing done, if it does not follow the last one
  /// taken in of its partition and epoch: then that one is lost.
  bool open(RecordBatchPtr batch, TimePoint read_at,
            std::optional<Offset> follows);

  /// All records of that batch or piece are delivered.
  void finish(BatchId id);

  enum class Outcome : std::uint8_t { ignored, again, halved, buried };

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

  std::size_t batches() const noexcept { return flights_.size(); }
  std::size_t payload_bytes() const noexcept { return payload_bytes_; }

private:
  /// A batch as the consumer knows it, which may fly in several parts.
  struct Intake {
    Offset first;
    std::size_t unfinished = 0;
  };

  /// Half-open, indices into the flight's batch.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t size() const noexcept { return end - begin; }
  };

  struct Flight {
    BatchTicket ticket; ///< of the latest try
    RecordBatchPtr batch;
    std::shared_ptr<Intake> intake;
    BatchCut::Treatment treatment = BatchCut::Treatment::ordinary;
    std::uint32_t strikes = 0;
    bool dealt = false;
    bool in_lane = false;
    bool parked = false; ///< to be halved once it is the oldest
    bool buried = false; ///< on its way as a dead letter
    bool split = false; ///< not every record goes through every stage
    std::vector<Range> ahead; ///< pieces still to try, the next one last
    Range piece;
    std::string stage;
    std::string error;
  };
  using Flights = std::map<BatchId, Flight>;

  struct Partition {
    OffsetLedger ledger;
    std::map<BatchSequence, BatchId> flights;
    std::optional<Offset> opened; ///< the highest offset taken in
    std::optional<Offset> finished; ///< the gap-free end
  };

  struct Lane {
    Incarnation incarnation;
    std::size_t bytes = 0; ///< dealt to it and not finished
    bool attached = false;
  };

  static PartitionEpoch held(const Flight& flight) {
    return {flight.ticket.partition, flight.ticket.epoch};
  }
  void take_off(const RecordBatchPtr& batch, const BatchCut& cut,
                const std::shared_ptr<Intake>& intake, TimePoint read_at);
  void pump();
  void deal(Flight& flight);
  void deal_again(Flight& flight);
  void send_to_lane(Flight& flight, RecordBatchPtr batch);
  void leave_lane(Flight& flight);
  Outcome strike(Flight& flight);
  void halve(Flight& flight, Range range);
  void next_piece(Flight& flight);
  void bury(Flight& flight);
  void complete(Flights::iterator found);
  void start_parked(const PartitionEpoch& held);
  void land(Flights::iterator found, bool finished);
  void rename(Flight& flight);
  BatchPlace oldest_unfinished(const PartitionEpoch& held);
  Flights::iterator find(BatchId id);

  std::uint32_t retry_limit_;
  FlightRecorder* recorder_;
  Flights flights_;
  /// The names that pieces go by, of their flights.
  std::map<BatchId, BatchId> pieces_;
  std::map<PartitionEpoch, Partition> partitions_;
  std::vector<Lane> lanes_;
  std::deque<BatchId> waiting_; ///< not dealt yet
  std::size_t dealt_ = 0;
  bool alone_ = false; ///< what is dealt is to stay on its own
  std::size_t payload_bytes_ = 0;
  std::uint64_t next_id_ = 0;
  DispatchOrders orders_;
};

} // namespace millrace::logic
