#pragma once

#include "logic/delivery/outgoing_record.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace millrace::logic {

/// Finds which records a broker objects to, where it refused a request and did
/// not say: what was refused is sent again in groups of half the size, one
/// group at a time and nothing else beside it, until a refused group is a
/// single record. Of n records one bad one takes some 2 log2 n groups. Not
/// thread-safe.
class RefusedRequests {
public:
  /// A record whose request was refused.
  void add(SendToken token) { refused_.push_back(token); }

  /// Whether records wait here or are under way: nothing else may be sent.
  bool busy() const noexcept {
    return group_records_ != 0 || !refused_.empty() || !groups_.empty();
  }

  /// Whether a group is under way: then nothing else is.
  bool under_way() const noexcept { return group_records_ != 0; }

  /// Whether the group under way is a single record, which a refusal then
  /// must mean.
  bool is_single() const noexcept { return group_records_ == 1; }

  /// The records to send next, empty when all are through. To be called only
  /// when nothing is under way. `before`: the order in which records arrived.
  template <class Before>
  std::span<const SendToken> next_group(Before&& before) {
    std::ranges::sort(refused_, before);
    return next_group();
  }

  /// So many of the group, from the front, are under way.
  void on_sent(std::size_t records);

  /// Drops what waits of a slot; returns how many records.
  std::size_t forget(std::uint32_t slot);

  /// All that waits here, in order: it is not looked into any more.
  std::vector<SendToken> give_up();

private:
  std::span<const SendToken> next_group();

  std::vector<SendToken> refused_; ///< of the requests that came back last
  std::deque<std::vector<SendToken>> groups_; ///< to send, in order
  std::size_t group_records_ = 0; ///< of the group under way; 0: none is
};

} // namespace millrace::logic
