#pragma once

#include "logic/core/result.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/state_store.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What the records of a shard's state log look like: see
/// docs/decisions/0016-snapshots-of-detection-state.md.
namespace millrace::logic::detection {

/// Version of the records; a reader takes only its own.
inline constexpr std::uint32_t state_format_version = 1;

/// A record with rows is never larger: far below what a topic takes.
inline constexpr std::size_t max_state_record_bytes = std::size_t{32} * 1024;

/// Rows that changed stand in one of so many places, by the number of their
/// snapshot; before a place is written again, all pages were.
inline constexpr std::uint32_t change_slots = 16;

/// What the rows of a shard make sense with only.
struct StateShape {
  std::uint32_t shard = 0;
  std::uint32_t shard_count = 1;
  // Widths of the windows' parts, in which users and addresses are counted.
  std::int64_t slot_ms = 0;
  std::int64_t failure_slot_ms = 0;
  std::int64_t half_ms = 0;
};

StateShape shape_of(const DetectionConfig& config, std::uint32_t shard,
                    std::uint32_t shard_count);

/// The first byte of a key. Stands in logs: append only, never renumber.
enum class StateKind : std::uint8_t {
  generation = 1, ///< a new owner begins
  users = 2, ///< a page of the table: the rows of some sets
  addresses = 3,
  user_changes = 4, ///< single rows, newer than their page
  address_changes = 5,
  closing = 6, ///< all of a snapshot is there
};

struct StateKey {
  StateKind kind = StateKind::generation;
  StateGeneration generation = 0;
  std::uint32_t place = 0; ///< number of the page or the slot
  std::uint32_t part = 0; ///< of the changes in a slot

  friend auto operator<=>(const StateKey&, const StateKey&) = default;
};

std::string encode_key(const StateKey& key);
/// None where it is not one of ours.
std::optional<StateKey> decode_key(std::string_view bytes) noexcept;

/// What stands in front of every value.
struct StateHead {
  std::uint64_t snapshot = 0; ///< 1, 2, 3, ... in a generation
  std::uint32_t shard = 0;
  std::uint32_t shard_count = 1;
};

/// Version, checksum, head.
inline constexpr std::size_t state_head_bytes = 4 + 8 + 16;

/// A value up to where its body begins.
std::string begin_value(const StateHead& head);

/// Puts the checksum of a whole value in its place, and returns it; it covers
/// the key too.
std::uint64_t seal_value(std::string_view key, std::string& value) noexcept;

/// A value whose checksum was found right.
struct StateValue {
  std::uint64_t checksum = 0;
  StateHead head;
  std::string_view body; ///< borrowed from the record
};

/// Errors: `malformed` where it is damaged, `unsupported` where another version
/// wrote it.
Result<StateValue> open_value(const StateRecord& record);

/// The checksum of a row of records, from that of those before (0 at first) and
/// the next one's.
std::uint64_t fold_checksum(std::uint64_t before, std::uint64_t next) noexcept;

/// The record that a new owner writes first: from it on, what former owners
/// write does not count.
StateRecord generation_record(const StateShape& shape,
                              StateGeneration generation);

} // namespace millrace::logic::detection
