#pragma once

#include "adapters/kafka/client.hpp"

#include <chrono>
#include <deque>
#include <set>
#include <utility>

namespace millrace::adapters::kafka {

/// Revoked partitions that their owner has not let go of yet. What was revoked
/// together is given back together, the oldest first: librdkafka ends a
/// rebalance at the first unassign, so giving partitions back one by one would
/// cut it short. `Id` is what the owner calls a partition.
template <class Id>
class Revocations {
public:
  using Clock = std::chrono::steady_clock;

  /// `list` is what to give back when nobody holds any of `held` any more, at
  /// the latest at `until`.
  void add(PartitionListPtr list, std::set<Id> held,
           Clock::time_point until = Clock::time_point::max()) {
    waiting_.push_back({std::move(list), std::move(held), until});
  }

  void let_go(const Id& id) {
    for (auto& each : waiting_)
      each.held.erase(id);
  }

  void let_go_of_all() {
    for (auto& each : waiting_)
      each.held.clear();
  }

  /// What is to be given back now; null when nothing is. Ask until then.
  PartitionListPtr take_finished(Clock::time_point now) {
    if (waiting_.empty())
      return nullptr;
    auto& oldest = waiting_.front();
    if (!oldest.held.empty() && now < oldest.until)
      return nullptr;
    auto list = std::move(oldest.list);
    waiting_.pop_front();
    return list;
  }

  bool empty() const noexcept { return waiting_.empty(); }

private:
  struct Waiting {
    PartitionListPtr list;
    std::set<Id> held;
    Clock::time_point until;
  };

  std::deque<Waiting> waiting_;
};

} // namespace millrace::adapters::kafka
