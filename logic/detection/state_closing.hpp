#pragma once

#include "logic/detection/applied_offsets.hpp"
#include "logic/detection/state_codec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::detection {

/// Which records make up a table, so that each one that is missing is found
/// out, and none is taken that does not belong to it.
struct TableContent {
  /// The rows that changed in one snapshot.
  struct Changes {
    std::uint64_t snapshot = 0; ///< 0: none
    std::uint32_t records = 0;
    std::uint64_t checksum = 0; ///< folded from those of the records
  };

  std::uint32_t capacity = 0; ///< of the table, in rows
  std::uint32_t touches = 0; ///< of the table, to compare times seen with
  /// Checksums by number of the page; 0: it has no rows but changed ones.
  std::vector<std::uint64_t> pages;
  std::array<Changes, change_slots> changes{};
};

/// The last record of a snapshot.
struct StateClosing {
  bool last = false; ///< nothing was applied after it: an orderly end
  std::int64_t saved_at_ms = 0; ///< time of day
  std::int64_t newest_event_ms = -1; ///< event time; -1: none known
  std::uint32_t records = 0; ///< of this snapshot, without this one
  std::int64_t slot_ms = 0;
  std::int64_t failure_slot_ms = 0;
  std::int64_t half_ms = 0;
  TableContent users;
  TableContent addresses;
  AppliedOffsets applied;
};

/// Of a partition so many ranges are saved, the newest, and of all no more than
/// that: where there are more, the oldest gaps count as closed. Most are none,
/// but batches without a row of the shard. With up to 1,500 partitions and
/// three million rows a closing record stays below 64 KiB.
inline constexpr std::size_t max_saved_ranges = 8;
inline constexpr std::size_t max_range_bytes = std::size_t{24} * 1024;

void append_closing(std::string& value, const StateClosing& closing);

/// None where the bytes are not what `append_closing` writes.
std::optional<StateClosing> read_closing(std::string_view body);

} // namespace millrace::logic::detection
