#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace millrace::logic {

/// Who gets what of `flow.memory_budget`; the shares add up to it. All in
/// bytes, as they occupy memory (see `footprint.hpp` for batches).
class MemoryPlan {
public:
  static constexpr std::uint64_t default_budget_bytes = 256ULL * 1024 * 1024;

  explicit constexpr MemoryPlan(std::uint64_t budget_bytes
                                = default_budget_bytes) noexcept
    : budget_bytes_(budget_bytes) {}

  constexpr std::uint64_t budget_bytes() const noexcept {
    return budget_bytes_;
  }

  /// A quarter: records that the consuming Kafka client has fetched and nobody
  /// has taken yet.
  constexpr std::uint64_t fetched_bytes() const noexcept {
    return budget_bytes_ / 4;
  }

  /// A sixteenth: what the producing Kafka client copies of dead letters, their
  /// key and headers.
  constexpr std::uint64_t dead_letter_bytes() const noexcept {
    return budget_bytes_ / 16;
  }

  /// How many dead letters the producing client may hold at once. It keeps
  /// some 1,500 bytes of each, as headers are many small pieces there.
  constexpr std::size_t queued_dead_letters() const noexcept {
    return std::max<std::uint64_t>(
      dead_letter_bytes() / occupied_per_dead_letter, least_dead_letters);
  }

  /// A 32nd: judgements between nodes, in four equal parts. Two are for rows
  /// that are kept for owners to come, one for questions under way to peers,
  /// one for those of peers.
  constexpr std::uint64_t judgement_bytes() const noexcept {
    return budget_bytes_ / 32;
  }
  constexpr std::uint64_t owed_rows_bytes() const noexcept {
    return judgement_bytes() / 2;
  }
  constexpr std::uint64_t asked_bytes() const noexcept {
    return judgement_bytes() / 4;
  }
  constexpr std::uint64_t answered_bytes() const noexcept {
    return judgement_bytes() / 4;
  }

  /// The rest: batches in flight, from the moment when they are taken to the
  /// last delivery report. Given out as credit.
  constexpr std::int64_t in_flight_bytes() const noexcept {
    return static_cast<std::int64_t>(budget_bytes_ - fetched_bytes()
                                     - dead_letter_bytes() - judgement_bytes());
  }

  /// Half of what is in flight may be in lanes, so that the other half is there
  /// for what waits before and behind them: a slow lane never holds all of it.
  constexpr std::uint64_t lanes_bytes() const noexcept {
    return static_cast<std::uint64_t>(in_flight_bytes()) / 2;
  }

  /// The credit that each of so many lanes grants. Three of the largest batches
  /// keep its three stages at work: with one the lane would idle on each way to
  /// the dispatcher and back. More would only wait in a lane that is slow,
  /// while others have nothing to do.
  constexpr std::uint64_t
  lane_window_bytes(std::size_t lanes,
                    std::uint64_t largest_batch_bytes) const noexcept {
    return std::min(batches_per_lane * largest_batch_bytes,
                    lanes_bytes() / std::max<std::size_t>(lanes, 1));
  }

  /// The credit that each of so many detectors grants, of rows of logins, which
  /// are a part of what lanes hold: as many as come to one of them, on average,
  /// from as many lanes. So only one that is slow has its questions wait.
  constexpr std::uint64_t
  detector_window_bytes(std::size_t detectors,
                        std::uint64_t largest_rows_bytes) const noexcept {
    return std::min(batches_per_lane * largest_rows_bytes,
                    lanes_bytes() / std::max<std::size_t>(detectors, 1));
  }

  /// Of the share for what is fetched one half is for answers that are not
  /// parsed yet, one for the queue of records. librdkafka counts only the
  /// payload of these and keeps some 430 bytes more for each (measured with
  /// login events of 270), so that its limits are a third.
  constexpr std::uint64_t fetch_limit_bytes() const noexcept {
    return std::max(fetched_bytes(), least_fetched_bytes) / 2
           / occupied_per_payload_byte;
  }

  /// The limit of the producing client's queue. It points into batches in
  /// flight, so it is a part of their share and none of its own. One record of
  /// the largest size fits in any case: one that does not is refused for ever,
  /// and the credit that it holds stops all partitions.
  constexpr std::uint64_t
  send_queue_bytes(std::uint64_t largest_record_bytes) const noexcept {
    return std::max(static_cast<std::uint64_t>(in_flight_bytes()),
                    largest_record_bytes + headers_bytes);
  }

private:
  static constexpr std::uint64_t batches_per_lane = 3;
  static constexpr std::uint64_t least_fetched_bytes = 1024ULL * 1024;
  static constexpr std::uint64_t occupied_per_payload_byte = 3;
  static constexpr std::uint64_t occupied_per_dead_letter = 2'048;
  static constexpr std::uint64_t least_dead_letters = 16;
  static constexpr std::uint64_t headers_bytes = 1024ULL * 1024;

  std::uint64_t budget_bytes_;
};

static_assert(MemoryPlan{}.fetched_bytes() + MemoryPlan{}.dead_letter_bytes()
                + MemoryPlan{}.judgement_bytes()
                + static_cast<std::uint64_t>(MemoryPlan{}.in_flight_bytes())
              == MemoryPlan{}.budget_bytes());

} // namespace millrace::logic
