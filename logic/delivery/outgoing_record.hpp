#pragma once

#include "logic/core/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::logic {

enum class Destination : std::uint8_t { output, dead_letters, insights };

inline constexpr std::size_t destination_count = 3;

/// "output", "dead_letters", "insights".
constexpr std::string_view to_string(Destination destination) noexcept {
  constexpr std::string_view names[] = {"output", "dead_letters", "insights"};
  return names[static_cast<std::size_t>(destination)];
}

/// Names a record to its sender: a slot of the sender's choosing and the
/// place in that slot.
struct SendToken {
  std::uint32_t slot = 0;
  std::uint32_t index = 0;
  bool operator==(const SendToken&) const = default;
};

/// A record to send. `value` (but neither key nor headers) must stay valid
/// until the report.
struct OutgoingRecord {
  SendToken token;
  Destination destination = Destination::output;
  /// Source partition; the sink maps it to a partition of the destination
  /// as configured (modulo, or by key).
  PartitionId source_partition;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::string_view headers; ///< encoded, see record_headers.hpp
  std::int64_t timestamp_ms = -1;
};

} // namespace millrace::logic
