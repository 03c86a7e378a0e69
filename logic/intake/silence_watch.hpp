#pragma once

#include "logic/intake/assignment.hpp"

#include <chrono>
#include <map>
#include <vector>

namespace millrace::logic {

/// Raises its hand when nothing comes of a partition from the moment when it
/// was assigned: neither a record nor its end. How far it is behind is not
/// known then, so nobody would see it lag.
class SilenceWatch {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit SilenceWatch(std::chrono::milliseconds patience)
    : patience_(patience) {}

  /// Looks at all partitions that are held and not on their way out; to be
  /// called again and again. Returns those that have been silent for longer
  /// than the patience since this look.
  std::vector<PartitionId> look(const Assignment& assignment, TimePoint now);

  /// As of the last look.
  bool silent(PartitionId partition) const;
  std::size_t count() const noexcept;

private:
  struct Waiting {
    AssignmentEpoch epoch;
    TimePoint since;
    bool silent = false;
  };

  std::chrono::milliseconds patience_;
  std::map<PartitionId, Waiting> waiting_;
};

} // namespace millrace::logic
