#pragma once

#include "logic/core/back_off.hpp"
#include "logic/delivery/record_sink.hpp"
#include "logic/delivery/refused_requests.hpp"
#include "logic/delivery/refused_timestamps.hpp"
#include "logic/delivery/waiting_line.hpp"
#include "logic/records/batch_ticket.hpp"
#include "logic/records/encoded_batch.hpp"
#include "logic/records/partition_offset.hpp"
#include "logic/records/provenance.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace millrace::logic {

/// What becomes of a dead letter that is larger than its topic allows.
enum class OversizedDeadLetter : std::uint8_t {
  reference, ///< it is written without its value, with size and digest
  stop, ///< its partition waits until somebody raises the topic's limit
};

struct OutboxConfig {
  std::uint32_t retry_limit = 3;
  BackOff back_off;
  bool provenance_header = false;
  std::string node; ///< named in dead letters
  OversizedDeadLetter oversized = OversizedDeadLetter::reference;
  /// Dead letters that the sink may hold at once: it keeps a copy of their
  /// headers, which no batch's footprint counts.
  std::size_t max_queued_dead_letters = std::numeric_limits<std::size_t>::max();
  /// The sink writes in transactions: a batch counts as delivered once the one
  /// that it is in is committed.
  bool transactional = false;
};

/// A record that keeps its partition from going on.
struct PinnedRecord {
  PartitionId partition;
  Offset offset;
  std::string text; ///< why: the client's words
};

/// A batch whose every record is delivered, as output or as dead letter.
struct DeliveredBatch {
  BatchTicket ticket;
  std::uint32_t outputs = 0;
  std::uint32_t dead_letters = 0;
};

/// A batch of which everything before `next` is delivered.
struct PartlyDelivered {
  BatchTicket ticket;
  Offset next;
};

/// Something that people must hear about.
struct OutboxNotice {
  enum class Kind : std::uint8_t {
    waiting, ///< records are refused and wait, those behind them, too
    given_up, ///< a record is out of retries and becomes a dead letter
    stuck, ///< a dead letter cannot be written; its partition waits
    referenced, ///< a dead letter does not fit: written without its value
    client_failed ///< the sink is dead
  };
  Kind kind = Kind::given_up;
  PartitionId partition;
  Offset offset;
  std::string text;
};

/// Sends batches through a sink until every record of them is delivered:
/// queues, retries with back-off, turns what cannot be delivered into dead
/// letters, and never gives up a dead letter. Not thread-safe; time is given.
class Outbox {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Outbox(OutboxConfig config);

  /// Takes a batch in, in the order in which it is to be sent.
  void add(const BatchTicket& ticket, EncodedBatchPtr batch);

  /// Whether the batch is on its way already (a repeat must not be added).
  bool holds(BatchId id) const;

  /// Sends what is due until all is sent or the sink is full.
  /// `wall_ms` stamps dead letters.
  void pump(RecordSink& sink, TimePoint now, std::int64_t wall_ms);

  /// Sends only what is tried right after the first of a line was refused:
  /// later it might pass because all do again, and so overtake.
  void pump_second_probes(RecordSink& sink, TimePoint now,
                          std::int64_t wall_ms);

  /// Takes delivery reports in.
  void apply_reports(const DeliveryReports& reports, TimePoint now);

  /// Which input record that is; nothing for a token that is not this one's.
  /// The topic is a view into the batch.
  std::optional<Provenance> source_of(SendToken token) const;

  /// How often the record was tried.
  std::uint32_t attempts(SendToken token) const;

  /// To be called when the sink has nothing queued: whatever is still not
  /// reported then will never be. Sends the batches concerned again, as nobody
  /// knows which of their records arrived; returns the number of records.
  std::uint64_t send_unreported_again(TimePoint now);

  /// Makes all retries due at once, in the order in which they arrived: the
  /// client that made them wait is gone.
  void retry_all_at(TimePoint now);

  /// Whether something waits to be sent now.
  bool wants_to_send(TimePoint now) const {
    if (refused_.busy() || !unsent_.empty())
      return true;
    const auto due = next_retry();
    return due && *due <= now;
  }

  /// When the next retry is due, if one waits.
  std::optional<TimePoint> next_retry() const;

  // -- Where the sink writes in transactions ----------------------------------

  /// Whether batches that are not begun yet wait for the next transaction.
  void hold_back(bool held) noexcept { held_back_ = held; }

  /// Whether every record of the batches that were begun is delivered, so that
  /// the transaction may be committed; and if there is any such batch.
  bool settled() const noexcept { return begun_ == settled_; }
  bool anything_settled() const noexcept { return settled_ != 0; }

  /// How far the partitions are with what is settled.
  std::vector<PartitionOffset> settled_positions() const;

  /// The transaction is committed: what is settled is delivered.
  void commit();

  /// It is aborted, and nothing of it is under way any more: all that was sent
  /// in it is sent again. What was learnt of single records is kept.
  void roll_back();

  /// How often a refusal taught to send a record in another way. Of no record
  /// that goes on for ever.
  std::uint64_t lessons() const noexcept { return lessons_; }

  /// Whether records of that partition are in the transaction.
  bool has_begun(const PartitionEpoch& held) const;

  /// Of which it has batches.
  std::set<PartitionEpoch> partitions() const;

  /// Drops what is not sent yet of a partition that is no longer ours.
  void forget(PartitionId partition, AssignmentEpoch epoch);

  /// Nothing of that destination is sent before then.
  void hold(Destination destination, TimePoint until);

  /// What waits for that destination to take records again need not wait out
  /// its back-off: it is tried now.
  void try_again(Destination destination, TimePoint now);

  /// Whether a record of that destination waits to be sent again.
  bool waits_for(Destination destination) const;

  /// What cannot be written at the moment, by partition, the first of each;
  /// at most `limit`.
  std::vector<PinnedRecord> pinned(std::size_t limit) const;

  std::vector<DeliveredBatch> take_delivered();
  /// How far batches got that cannot be finished for now, where that moved.
  std::vector<PartlyDelivered> take_partly_delivered();
  std::vector<OutboxNotice> take_notices();

  /// Since construction.
  std::uint64_t retries() const noexcept { return retries_; }
  std::uint64_t references() const noexcept { return references_; }
  /// Records, of whole batches or not.
  std::uint64_t delivered(Destination destination) const noexcept {
    return delivered_records_[static_cast<std::size_t>(destination)];
  }
  std::uint64_t replaced_timestamps() const noexcept {
    return replaced_timestamps_;
  }
  const std::array<std::uint64_t, reason_count>& dead_letters() const noexcept {
    return dead_letters_;
  }
  std::size_t batches() const noexcept { return by_id_.size(); }

private:
  /// How much of a dead letter is written.
  enum class Form : std::uint8_t {
    whole,
    without_value,
    note_only, ///< neither value nor key nor the input's headers
  };

  using Text = std::shared_ptr<const std::string>;

  /// What befell a record that was not delivered at once.
  struct FailedRecord {
    std::uint32_t attempts = 1;
    bool retries = false; ///< waits in the retry queue
    /// Of its line when the record was refused last.
    std::optional<std::uint64_t> delivered_before;
    std::optional<Reason> dead_because;
    Text detail; ///< why it is dead
    Text stuck; ///< why its dead letter cannot be written
    Form form = Form::whole;
    bool keyless_refused = false; ///< it is given a key
    bool present_time = false; ///< its own timestamp was refused
    std::string value; ///< of an output whose value tells that
  };

  /// Of a record that is sent, where they are not the input's.
  struct MadeTexts {
    std::string headers;
    std::string key;
  };

  struct Slot {
    BatchTicket ticket;
    std::uint64_t arrival = 0; ///< rises from batch to batch
    EncodedBatchPtr batch;
    /// Of its partition, by destination.
    std::array<WaitingLine, 2>* lines = nullptr;
    std::uint32_t told = 0; ///< the first record not delivered, as last said
    std::uint32_t sent = 0; ///< records handed to the sink, or held back
    std::uint32_t outstanding = 0; ///< records without a final report
    std::uint32_t dead = 0;
    bool forgotten = false;
    bool begun = false; ///< in the transaction that is open
    bool settled = false; ///< in a transaction that is not committed yet
    bool alone = false; ///< begun record by record
    /// So many were taken one by one in a transaction that came to nothing:
    /// they go together in the next, unless that is refused.
    std::uint32_t proven = 0;
    bool proven_refused = false;
    std::map<std::uint32_t, FailedRecord>
      failed_records; ///< by index of the record
  };

  WaitingLine& line_of(SendToken token) {
    return (*slots_[token.slot]
               .lines)[static_cast<std::size_t>(destination_of(token))];
  }
  void wait_in_line(SendToken token, TimePoint now);
  /// The same, but among what is sent in groups if it was in one of these.
  void wait_in_place(SendToken token, TimePoint now);
  /// What is left of refused requests is sent as everything else.
  void give_up_groups(TimePoint now);
  void drop_empty_lines();
  void retry_at(TimePoint due, SendToken token, FailedRecord& failed);

  bool pump_refused(RecordSink& sink, TimePoint now, std::int64_t wall_ms);
  void queue_due_retries(TimePoint now);
  bool pump_lines(RecordSink& sink, TimePoint now, std::int64_t wall_ms);
  bool pump_line(RecordSink& sink, WaitingLine& line, TimePoint now,
                 std::int64_t wall_ms);
  bool pump_slot(RecordSink& sink, std::uint32_t slot, TimePoint now,
                 std::int64_t wall_ms);
  void fill_chunk(std::uint32_t slot, TimePoint now, std::int64_t wall_ms);
  std::size_t send_chunk(RecordSink& sink);
  std::uint32_t free_slot();
  static const FailedRecord* find_failed(const Slot& slot, std::uint32_t index);
  Destination destination_of(SendToken token) const;
  bool is_full_of_dead_letters(Destination destination) const noexcept {
    return destination == Destination::dead_letters
           && queued_dead_letters_ >= config_.max_queued_dead_letters;
  }
  bool is_held(Destination destination, TimePoint now) const noexcept {
    return !config_.transactional
           && held_until_[static_cast<std::size_t>(destination)] > now;
  }
  OutgoingRecord outgoing(SendToken token, std::int64_t wall_ms,
                          MadeTexts& made) const;
  void write_note(const Slot& slot, std::uint32_t index, std::int64_t wall_ms,
                  std::string& headers) const;
  static void write_changes(const RecordView& source,
                            const FailedRecord& failed, DeadLetterNote& note);
  void handle_failure(const DeliveryFailure& failure, TimePoint now);
  /// Whether the refusal may be anybody's doing, so that the record waits.
  bool waits_for_others(const DeliveryFailure& failure, TimePoint now);
  void charge(const DeliveryFailure& failure, FailedRecord& failed,
              TimePoint now);
  std::optional<std::uint32_t> first_undelivered(const Slot& slot) const;
  /// Changes what is sent so that it may pass; false where nothing is left.
  bool change_record(const DeliveryFailure& failure, FailedRecord& failed,
                     TimePoint now);
  void replace_timestamp(SendToken token, FailedRecord& failed);
  void replace_refused_timestamp(SendToken token, TimePoint now);
  Text shared(const std::string& text);
  void on_reported(std::size_t records, std::size_t dead_letters);
  void dead_letter(Slot& slot, FailedRecord& failed, Reason reason,
                   const std::string& detail);
  void note(OutboxNotice::Kind kind, const Slot& slot, std::uint32_t index,
            const std::string& text);
  void finish_if_done(std::uint32_t slot);
  void release(std::uint32_t slot);
  bool begin(std::uint32_t slot);
  void handle_failure_of_transaction(const DeliveryFailure& failure,
                                     TimePoint now);

  OutboxConfig config_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::deque<std::uint32_t>
    unsent_; ///< slots with records never sent, in order
  /// What was refused for its own sake, by when it is due.
  std::multimap<TimePoint, SendToken> retry_queue_;
  std::map<PartitionId, std::array<WaitingLine, 2>> lines_;
  /// Those in which something waits.
  std::vector<std::pair<WaitingLine*, Destination>> busy_lines_;
  std::uint64_t arrivals_ = 0;
  RefusedRequests refused_;
  RefusedTimestamps refused_timestamps_;
  std::int64_t wall_ms_ = 0; ///< when records were sent last
  std::array<TimePoint, destination_count> held_until_{};
  std::map<BatchId, std::uint32_t> by_id_;
  std::vector<DeliveredBatch> delivered_;
  std::vector<OutboxNotice> notices_;
  std::size_t queued_ = 0; ///< records in the sink
  std::size_t queued_dead_letters_ = 0; ///< among these
  /// Their topic refused one without a key, as compacted ones do.
  bool dead_letters_need_keys_ = false;
  std::array<std::uint64_t, destination_count> delivered_records_{};
  /// In the transaction that is open.
  std::array<std::uint64_t, destination_count> settled_records_{};
  std::size_t begun_ = 0; ///< batches in it
  std::size_t settled_ = 0; ///< among these
  bool held_back_ = false;
  /// A record made a transaction fail and nobody knows which: one batch in
  /// each from now on, record by record, until one is committed.
  bool one_by_one_ = false;
  std::optional<PartitionId> blamed_; ///< the partition of such a record
  bool too_large_ = false; ///< a request of the transaction that is open was
  std::uint32_t too_large_transactions_ = 0; ///< in succession
  std::uint64_t lessons_ = 0;
  std::uint64_t retries_ = 0;
  std::uint64_t references_ = 0;
  std::uint64_t replaced_timestamps_ = 0;
  Text last_text_; ///< many records fail in the same words
  std::array<std::uint64_t, reason_count> dead_letters_{};
  std::vector<OutgoingRecord> chunk_; ///< reused from call to call
  std::vector<MadeTexts> chunk_texts_;
};

} // namespace millrace::logic
