#pragma once

#include "logic/core/ids.hpp"

#include <cstddef>
#include <deque>
#include <optional>

namespace millrace::logic {

/// Knows which batches of one partition, under one assignment epoch, are
/// finished, and from that how far the partition may be committed: up to the
/// first offset that is not. Batches are opened in offset order and finish
/// in any order.
class OffsetLedger {
public:
  /// Enters the next batch, whose highest offset is `last`. Offsets must
  /// rise from call to call (asserted); gaps between batches are normal
  /// (compaction, transaction markers).
  BatchSequence open(Offset last);

  /// Marks a batch as finished. Returns the next offset to commit if the
  /// gap-free end moved; nothing if it did not, or if the sequence was never
  /// opened or is finished already.
  std::optional<Offset> finish(BatchSequence sequence);

  /// Everything of that batch before `next` is finished, though not all of it.
  /// Returns as `finish` does.
  std::optional<Offset> advance(BatchSequence sequence, Offset next);

  /// Whether any batch whose highest offset lies in there, both ends included,
  /// was opened and is not finished.
  bool any_unfinished(Offset first, Offset last) const noexcept;

  /// The first batch that is not finished; the next to be opened if all are.
  BatchSequence oldest_unfinished() const noexcept { return first_; }

  std::size_t unfinished() const noexcept { return unfinished_; }

private:
  struct Entry {
    Offset last;
    bool finished = false;
    std::optional<Offset> begun; ///< finished up to there
  };

  std::deque<Entry> entries_; ///< from `first_` on
  BatchSequence first_;
  std::size_t unfinished_ = 0;
};

} // namespace millrace::logic
