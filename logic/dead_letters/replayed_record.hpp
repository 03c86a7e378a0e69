#pragma once

#include "logic/core/ids.hpp"
#include "logic/dead_letters/dead_letter.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace millrace::logic {

/// A record as it goes back: what the node gave up, with its history in place
/// of the node's headers. Owns its bytes, as it may have to be sent again.
struct ReplayedRecord {
  std::optional<std::string> key;
  std::string value;
  std::string headers; ///< encoded, see record_headers.hpp
  std::int64_t timestamp_ms = -1; ///< as it was at first

  std::size_t bytes() const noexcept;
};

/// Of a dead letter that is to be sent. A key that the node made up is left
/// out again.
ReplayedRecord to_replayed(const DeadLetter& letter);

/// The partition of the destination. Back in its topic a record goes to the
/// partition that it came from, so that it meets its key's others whatever
/// the producer hashed by; where that is no more, and elsewhere, by key
/// (nothing), or without one by its source partition, so that order is kept.
std::optional<PartitionId> destination_partition(const DeadLetter& letter,
                                                 bool back_in_its_topic,
                                                 std::int32_t partition_count);

} // namespace millrace::logic
