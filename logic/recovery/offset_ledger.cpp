#include "logic/recovery/offset_ledger.hpp"

#include <algorithm>
#include <cassert>

namespace millrace::logic {

BatchSequence OffsetLedger::open(Offset last) {
  assert(entries_.empty() || entries_.back().last < last);
  entries_.push_back(Entry{.last = last, .finished = false, .begun = {}});
  ++unfinished_;
  return BatchSequence{first_.value + entries_.size() - 1};
}

std::optional<Offset> OffsetLedger::finish(BatchSequence sequence) {
  if (sequence < first_ || sequence.value - first_.value >= entries_.size())
    return std::nullopt;
  auto& entry = entries_[sequence.value - first_.value];
  if (entry.finished)
    return std::nullopt;
  entry.finished = true;
  --unfinished_;
  std::optional<Offset> next;
  while (!entries_.empty() && entries_.front().finished) {
    next = Offset{entries_.front().last.value + 1};
    entries_.pop_front();
    ++first_.value;
  }
  if (next && !entries_.empty() && entries_.front().begun)
    next = entries_.front().begun;
  return next;
}

std::optional<Offset> OffsetLedger::advance(BatchSequence sequence,
                                            Offset next) {
  if (sequence < first_ || sequence.value - first_.value >= entries_.size())
    return std::nullopt;
  auto& entry = entries_[sequence.value - first_.value];
  if (entry.finished || next > entry.last
      || next <= entry.begun.value_or(Offset{-1}))
    return std::nullopt;
  entry.begun = next;
  if (sequence != first_)
    return std::nullopt;
  return next;
}

bool OffsetLedger::any_unfinished(Offset first, Offset last) const noexcept {
  auto entry = std::ranges::lower_bound(entries_, first, {}, &Entry::last);
  while (entry != entries_.end() && entry->last <= last && entry->finished)
    ++entry;
  return entry != entries_.end() && entry->last <= last;
}

} // namespace millrace::logic
