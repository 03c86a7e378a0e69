#pragma once

#include "logic/core/ids.hpp"
#include "messages/status.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

namespace millrace::node::chaos {

/// Follows how far the partitions of the input are finished, through restarts
/// of whoever knows it. Time is given by the caller.
class QuiescenceWatch {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit QuiescenceWatch(TimePoint now) : moved_at_(now) {}

  /// Where the input ends, once nothing more is written to it.
  void set_end(logic::PartitionId partition, logic::Offset end);

  void take(const messages::ConsumerStatus& status, TimePoint now);

  /// Whether every partition is finished up to its end.
  bool quiescent() const noexcept { return behind() == 0; }

  /// Partitions that are not.
  std::size_t behind() const noexcept;

  /// Records that are finished.
  std::int64_t finished_records() const noexcept;

  /// Records before the expected ends that are not.
  std::int64_t open_records() const noexcept;

  /// For how long nothing more was finished.
  std::chrono::steady_clock::duration still_for(TimePoint now) const {
    return now - moved_at_;
  }

private:
  std::map<logic::PartitionId, logic::Offset> ends_;
  std::map<logic::PartitionId, logic::Offset> finished_;
  TimePoint moved_at_;
};

} // namespace millrace::node::chaos
