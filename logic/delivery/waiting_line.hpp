#pragma once

#include "logic/core/back_off.hpp"
#include "logic/delivery/outgoing_record.hpp"

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace millrace::logic {

/// Keeps the records of one source partition for one destination in the order
/// in which they came, whatever is refused. A refusal that may not be the
/// record's own doing closes the line: all wait, and after a back-off one
/// record alone is sent to see, the first; where that is refused for a passing
/// reason time and again, one from further behind right after it. If that one
/// is taken, it was the first one's own doing. What is taken opens the line.
/// Not thread-safe.
class WaitingLine {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Place {
    std::uint64_t arrival = 0; ///< of its batch
    std::uint32_t index = 0; ///< in that
    auto operator<=>(const Place&) const = default;
  };

  bool closed() const noexcept { return closed_; }
  bool empty() const noexcept { return waiting_.empty(); }
  /// Whether anything waits, or was sent to see.
  bool busy() const noexcept { return !waiting_.empty() || probe_; }

  /// Queues a record at its place.
  void join(Place place, SendToken token, TimePoint now);

  /// A record was refused, perhaps for no reason of its own; `passing`: or
  /// perhaps for one. True if it was alone under way, sent to see.
  bool on_refused(SendToken token, TimePoint now, const BackOff& back_off,
                  bool passing);

  /// A report on that record has come that says nothing of the line.
  void on_report(SendToken token);
  void on_delivered(std::uint64_t records, TimePoint now);

  /// How many were ever delivered.
  std::uint64_t delivered() const noexcept { return delivered_; }

  /// What is to be sent now, and that it was sent.
  std::optional<SendToken> next(TimePoint now) const;
  void on_sent(TimePoint now);

  /// Whether one from behind is to be tried, which only tells something at
  /// once.
  bool second_due() const noexcept {
    return closed_ && from_behind_ && !probe_ && !waiting_.empty();
  }

  /// When `next` has something; nothing while only a report can tell.
  std::optional<TimePoint> due() const;

  /// The next may be sent at once.
  void hurry(TimePoint now) noexcept { until_ = now; }
  /// Nothing is under way any more.
  void on_nothing_queued() noexcept { probe_.reset(); }

  /// What waits of one batch: how many, and the first index.
  std::size_t count(std::uint64_t arrival) const;
  std::optional<std::uint32_t> first(std::uint64_t arrival) const;
  template <class Visit>
  void for_each(std::uint64_t arrival, Visit&& visit) const {
    for (auto each = waiting_.lower_bound({arrival, 0});
         each != waiting_.end() && each->first.arrival == arrival; ++each)
      visit(each->first.index);
  }
  std::size_t forget(std::uint64_t arrival);

private:
  using Waiting = std::map<Place, SendToken>;

  Waiting::const_iterator choose() const;

  Waiting waiting_;
  std::optional<SendToken> probe_; ///< under way, while closed
  TimePoint until_{};
  std::uint64_t delivered_ = 0;
  std::uint32_t refusals_ = 0; ///< in succession, of what was sent to see
  bool closed_ = false;
  bool from_behind_ = false; ///< whose turn it is, while closed
};

} // namespace millrace::logic
