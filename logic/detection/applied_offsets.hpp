#pragma once

#include "logic/core/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::detection {

/// Offsets whose records have changed the state, as ranges per partition.
/// Ranges and not one highest offset, because batches of one partition are
/// worked on in parallel and may arrive in another order. At most
/// `max_ranges` are kept per partition; beyond that the oldest gap counts as
/// closed. Not thread-safe.
class AppliedOffsets {
public:
  static constexpr std::size_t max_ranges = 64;

  struct Range {
    std::int64_t first = 0;
    std::int64_t last = 0; ///< inclusive
  };

  /// Opens the books of a partition; valid until the next call of `at`.
  class Partition {
  public:
    bool contains(Offset offset) const noexcept;
    void add(Offset first, Offset last);
    /// -1 where nothing was applied.
    Offset highest() const noexcept;

    const std::string& topic() const noexcept { return topic_; }
    PartitionId id() const noexcept { return id_; }
    /// Ascending, apart.
    const std::vector<Range>& ranges() const noexcept { return ranges_; }

  private:
    friend class AppliedOffsets;
    std::string topic_;
    PartitionId id_;
    std::vector<Range> ranges_;
  };

  Partition& at(std::string_view topic, PartitionId partition);

  /// All books, in no order.
  const std::vector<Partition>& partitions() const noexcept {
    return partitions_;
  }

  /// Closes the books of a partition, or of all.
  void forget(std::optional<PartitionId> partition);

private:
  std::vector<Partition> partitions_;
};

} // namespace millrace::logic::detection
