#pragma once

#include "logic/core/back_off.hpp"
#include "logic/delivery/outbox.hpp"
#include "logic/delivery/record_sink.hpp"
#include "logic/records/partition_offset.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace millrace::logic {

/// Decides when a transaction begins, is committed with which offsets, or is
/// aborted, so that each record of the input ends exactly once: in a committed
/// transaction are whole batches only, and the offsets behind them. What is
/// aborted is sent again from the outbox, which keeps it until the commit. Not
/// thread-safe; time is given.
class TransactionCycle {
public:
  using TimePoint = Outbox::TimePoint;

  struct Limits {
    /// From the first record of a transaction to its commit.
    std::chrono::milliseconds interval{100};
    /// One that cannot be committed for so long is aborted before the broker
    /// does so.
    std::chrono::milliseconds patience{5'000};
    BackOff back_off; ///< between transactions that fail
  };

  /// What happened since the last call.
  struct News {
    std::vector<PartitionOffset> committed; ///< these offsets
    bool ended = false; ///< a transaction is committed
    std::string aborted; ///< why one is aborted; empty: none is
    /// Whether the last one is committed nobody knows: the group must be asked
    /// where to read on, see `in_doubt`.
    bool lost_track = false;
    Error error; ///< of that
  };

  explicit TransactionCycle(const Limits& limits) : limits_(limits) {}

  /// Whether records may be sent now; begins a transaction where none is open.
  bool may_send(Transactions& transactions, TimePoint now);

  /// These offsets go with the next commit, with or without records; returns
  /// those that are committed already.
  std::vector<PartitionOffset> move(std::span<const PartitionOffset> offsets);

  /// Who the group knows us as. In its order with `forget`: what is committed
  /// as that member was this member's.
  void join(GroupMembershipPtr member) { member_ = std::move(member); }

  /// These partitions are somebody else's now: nothing may be committed of
  /// them. To be called before the outbox forgets them.
  void forget(const PartitionEpoch& held, const Outbox& outbox,
              Transactions& transactions);

  /// Takes in the reports, after the outbox, and does what is due.
  /// `side_records`: how many are under way besides those of the outbox.
  News advance(const DeliveryReports& reports, Outbox& outbox,
               Transactions& transactions, std::size_t side_records,
               TimePoint now);

  /// The client is gone, and the transaction with it: the next has another.
  void start_over(Outbox& outbox, TimePoint now);

  /// Whether `move` was told of offsets that wait.
  bool has_offsets() const noexcept { return !moved_.empty(); }
  bool idle() const noexcept { return state_ == State::none; }
  /// What must be forgotten and read anew before another may begin, as nobody
  /// knows how the commit of it ended.
  const std::set<PartitionEpoch>& in_doubt() const noexcept {
    return in_doubt_;
  }
  /// Commits as soon as it can.
  void hurry(TimePoint now) noexcept { commit_at_ = now; }
  /// When `advance` or `may_send` has something to do, if that is known.
  std::optional<TimePoint> due() const noexcept;

private:
  enum class State : std::uint8_t {
    none,
    open,
    settling, ///< no further batch is begun
    committing,
    aborting,
  };

  void abort(Transactions& transactions, std::string why);
  void commit(const Outbox& outbox, Transactions& transactions);
  void take_in(const TransactionReport& report, Outbox& outbox, News& news,
               TimePoint now);
  void on_committed(Outbox& outbox, News& news);
  void on_aborted(Outbox& outbox, News& news, TimePoint now);
  void lose_track(const Outbox& outbox);

  Limits limits_;
  State state_ = State::none;
  TimePoint commit_at_{};
  TimePoint not_before_{}; ///< after a failure
  std::uint32_t failures_ = 0; ///< in succession
  std::uint64_t lessons_ = 0; ///< of the outbox, at the last abort
  std::string why_; ///< it is aborted
  GroupMembershipPtr member_;
  std::map<PartitionEpoch, Offset> moved_; ///< and not committed
  std::map<PartitionEpoch, Offset> committed_; ///< never to go back
  std::set<PartitionEpoch> in_doubt_;
  std::vector<PartitionOffset> offsets_; ///< of the commit under way
};

} // namespace millrace::logic
