#pragma once

#include "logic/core/ids.hpp"

#include <cstddef>
#include <deque>
#include <map>

namespace millrace::logic {

/// How far each partition of the dead letters is done: a record is when it is
/// delivered or not to be sent, and all before it are. Not thread-safe.
class ReplayProgress {
public:
  /// Nothing before it is outstanding in that partition.
  void begin_at(PartitionId partition, Offset offset);

  /// Looked at and not sent, in rising order with `on_sent`.
  void on_passed(PartitionId partition, Offset offset);
  void on_sent(PartitionId partition, Offset offset);

  /// Of one that was sent: delivered, or given up.
  void on_done(PartitionId partition, Offset offset);

  /// All of the partition up to there was looked at.
  void end_at(PartitionId partition, Offset offset);

  /// What may be committed.
  std::map<PartitionId, Offset> places() const;

  /// How many sent records are not covered by what was committed last.
  std::size_t uncommitted() const noexcept { return uncommitted_; }
  void on_committed();

private:
  struct Sent {
    Offset offset;
    bool done = false;
  };
  struct Partition {
    std::deque<Sent> sent; ///< the first is not done
    Offset next;
  };

  std::map<PartitionId, Partition> partitions_;
  std::size_t uncommitted_ = 0;
};

} // namespace millrace::logic
