#pragma once

#include "logic/records/batch_ticket.hpp"

#include <cstddef>
#include <map>
#include <utility>

namespace millrace::logic {

/// Puts the batches of one partition and epoch, which parallel lanes finish
/// in any order, back into sequence. Holds what came early.
template <class T>
class Resequencer {
public:
  /// Takes an item in and passes all that are now due, in order, to `pass`.
  /// Everything before the ticket's oldest unfinished place is finished and
  /// not waited for, so that one who joins late (after a restart) need not
  /// see the beginning. Returns false, with the item untouched, for a repeat
  /// of what was passed already.
  template <class Pass>
  bool offer(const BatchTicket& ticket, T&& item, Pass&& pass) {
    if (ticket.place < next_)
      return false;
    waiting_.insert_or_assign(ticket.place,
                              Waiting{std::move(item), ticket.ends_sequence});
    advance(ticket.oldest_unfinished, pass);
    return true;
  }

  /// Learns that everything before this place is finished.
  template <class Pass>
  void advance(BatchPlace oldest_unfinished, Pass&& pass) {
    while (!waiting_.empty()) {
      auto first = waiting_.begin();
      if (first->first > next_ && first->first > oldest_unfinished)
        break;
      auto due = std::move(first->second);
      next_ = following(first->first, due.ends_sequence);
      waiting_.erase(first);
      pass(std::move(due.item));
    }
    if (next_ < oldest_unfinished)
      next_ = oldest_unfinished;
  }

  /// Drops what came early, but not the knowledge of what was passed.
  void drop_waiting() { waiting_.clear(); }

  /// Whether the item of that place was passed already.
  bool passed(BatchPlace place) const noexcept { return place < next_; }

  /// Whether the item of that place waits for those before it.
  bool holds(BatchPlace place) const { return waiting_.contains(place); }

  std::size_t waiting() const noexcept { return waiting_.size(); }

private:
  struct Waiting {
    T item;
    bool ends_sequence;
  };

  static BatchPlace following(BatchPlace place, bool ends_sequence) {
    if (ends_sequence)
      return {BatchSequence{place.sequence.value + 1}, 0};
    return {place.sequence, place.piece + 1};
  }

  std::map<BatchPlace, Waiting> waiting_;
  BatchPlace next_;
};

} // namespace millrace::logic
