#pragma once

#include "logic/records/batch_ticket.hpp"
#include "logic/records/record_batch.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace millrace::logic {

/// Names a node that has its batches worked on here.
using AskerId = std::uint64_t;

/// How much a worker takes on.
struct HostingLimits {
  std::uint32_t lanes = 1;
  /// Footprint of all that may be here at a time.
  std::uint64_t budget_bytes = 0;
  /// The footprint of a batch as large as they come.
  std::uint64_t batch_bytes = 1;
};

/// What is here of other nodes' batches: which lane has what, who gets how much
/// credit, whose turn it is. Askers get equal windows, and what waits for a
/// lane is dealt by turns, so that none of them takes all. A window is kept
/// small: a node that is slow is to have a few batches waiting and not the
/// whole stream. Pure: the deals are somebody else's to carry out.
class HostedWork {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// How the asker calls a batch.
  struct Name {
    AskerId asker = 0;
    std::uint64_t number = 0;
    friend auto operator<=>(const Name&, const Name&) = default;
  };
  struct Deal {
    BatchTicket ticket;
    RecordBatchPtr batch;
  };
  struct Lost {
    BatchId id;
    Name name;
    bool guilty = false; ///< it was being worked on when the stage died
  };
  struct Asker {
    std::uint64_t used_bytes = 0;
    std::uint64_t batches = 0; ///< done for it
    std::deque<BatchId> waiting; ///< for a lane
  };

  /// Batches get names from `first_id` on.
  HostedWork(const HostingLimits& limits, std::uint64_t first_id)
    : limits_(limits), next_id_(first_id), lanes_(limits.lanes) {}

  /// The asker is there, and nothing of what it sent before is of interest any
  /// more. Those batches are named.
  std::vector<BatchId> open(AskerId asker);
  /// The asker is gone. Its batches are named.
  std::vector<BatchId> close(AskerId asker);

  /// What each asker may have here.
  std::uint64_t window_bytes() const noexcept;
  /// Nothing more is taken.
  void shut() noexcept { shut_ = true; }
  bool is_shut() const noexcept { return shut_; }

  /// False where the asker is unknown, the number not new, or the batch beyond
  /// its part of the budget.
  bool take_in(const Name& name, RecordBatchPtr batch, bool first_try,
               TimePoint now);

  /// A stage of the lane was started (again). What its former life held is lost
  /// and must be told to the askers; it is forgotten here.
  std::vector<Lost> begin_lane(std::uint32_t number, Incarnation incarnation,
                               std::span<const BatchId> suspects);

  /// The batch left the first stage: its lane has time for the next one.
  void pass_on(BatchId id);
  /// Done, failed or given up: forgotten. Nothing where it is not known.
  std::optional<Name> finish(BatchId id);

  /// What is to be worked on now.
  std::vector<Deal> take_deals();

  std::optional<Name> name_of(BatchId id) const;
  std::optional<BatchId> find(const Name& name) const;
  const std::map<AskerId, Asker>& askers() const noexcept { return askers_; }
  std::size_t batches() const noexcept { return held_.size(); }
  std::size_t records() const noexcept;

private:
  struct Held {
    Name name;
    BatchTicket ticket;
    RecordBatchPtr batch;
    std::uint64_t bytes = 0;
    bool dealt = false;
    bool passed_on = false;
  };
  struct Lane {
    Incarnation incarnation;
    bool attached = false;
    std::uint32_t in_front = 0; ///< batches in or before its first stage
  };

  std::uint64_t all_windows_bytes() const noexcept;
  std::vector<BatchId> forget(AskerId asker);
  void leave_front(Held& held);
  std::optional<std::uint32_t> free_lane() const;
  std::optional<AskerId> next_asker() const;

  HostingLimits limits_;
  std::uint64_t next_id_;
  std::vector<Lane> lanes_;
  std::map<AskerId, Asker> askers_;
  std::map<BatchId, Held> held_;
  std::map<Name, BatchId> names_;
  AskerId last_served_ = 0;
  bool shut_ = false;
};

} // namespace millrace::logic
