#pragma once

#include "logic/faults/fault_order.hpp"
#include "messages/supervision.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace millrace::node::chaos {

/// Gathers what a node says of its recoveries, which it forgets after some
/// thousands.
class RecoveryLog {
public:
  /// Takes in an answer of `Node::recoveries` and returns those of it that
  /// are new; the span is valid until the next call. None is missed as long
  /// as the answers overlap.
  std::span<const messages::Recovery>
  take(std::vector<messages::Recovery> latest);

  const std::vector<messages::Recovery>& all() const noexcept { return all_; }

private:
  std::vector<messages::Recovery> all_;
  std::size_t last_answer_ = 0; ///< how many of `all_` it ended with
};

/// How long recoveries took.
struct RecoveryTimes {
  std::size_t count = 0;
  std::chrono::microseconds median{0};
  std::chrono::microseconds p99{0};
  std::chrono::microseconds worst{0};
};

/// Quantiles by nearest rank.
RecoveryTimes times_of(std::vector<std::chrono::microseconds> durations);

/// An actor was told to hang.
struct HangOrder {
  logic::faults::FaultOrder order;
  std::chrono::steady_clock::time_point at;
};

/// What became of the orders to hang.
struct HangFindings {
  /// From the order until the supervisor found the hang, by kind of actor. The
  /// actor hangs a little later, at its next message.
  std::map<std::string, std::vector<std::chrono::microseconds>> times;
  std::size_t replaced = 0; ///< the actor failed in another way meanwhile
  std::size_t unnoticed = 0; ///< over before anything was found

  std::size_t found() const noexcept;
};

HangFindings find_hangs(std::span<const HangOrder> hangs,
                        std::span<const messages::Recovery> recoveries);

/// A line of the table of recoveries.
struct RecoverySummary {
  std::string name; ///< "all", or a kind of actor
  RecoveryTimes total; ///< from the failure to a sign of life
  RecoveryTimes beyond; ///< without the back-off
};

/// All, then each kind of actor that recovered, in alphabetical order; empty
/// without recoveries.
std::vector<RecoverySummary>
summarize(std::span<const messages::Recovery> recoveries);

} // namespace millrace::node::chaos
