#pragma once

#include "logic/ids.hpp"

#include <cstddef>
#include <map>
#include <utility>

namespace millrace::logic {

/// Puts the batches of one partition and epoch, which parallel lanes finish
/// in any order, back into sequence. Holds what came early.
template <class T>
class InOrder {
public:
  /// Takes an item in and passes all that are now due, in order, to `pass`.
  /// Everything before `oldest_unfinished` is finished and not waited for,
  /// so that one who joins late (after a restart) need not see the
  /// beginning. An item from before the current place is a repeat and is
  /// passed at once.
  template <class Pass>
  void offer(BatchSequence sequence, BatchSequence oldest_unfinished, T item,
             Pass&& pass) {
    if (sequence < next_) {
      pass(std::move(item));
      return;
    }
    waiting_.insert_or_assign(sequence, std::move(item));
    while (!waiting_.empty()) {
      auto first = waiting_.begin();
      if (first->first > next_ && first->first > oldest_unfinished)
        break;
      next_ = BatchSequence{first->first.value + 1};
      auto due = std::move(first->second);
      waiting_.erase(first);
      pass(std::move(due));
    }
    if (next_ < oldest_unfinished)
      next_ = oldest_unfinished;
  }

  std::size_t waiting() const noexcept { return waiting_.size(); }

private:
  std::map<BatchSequence, T> waiting_;
  BatchSequence next_;
};

} // namespace millrace::logic
