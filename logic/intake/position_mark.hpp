#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::logic {

/// What is committed with an offset, to tell later of which topic it is: one
/// that was deleted and created again keeps its name, and a place in the one
/// before means nothing in it.
struct PositionMark {
  std::string topic_id; ///< as Kafka's tools show it
  /// Partitions from this number on came while the group was reading: all that
  /// is in them is new to it.
  std::int32_t first_added = 0;

  friend bool operator==(const PositionMark&, const PositionMark&) = default;
};

std::string to_text(const PositionMark& mark);

/// Nothing for what others write there.
std::optional<PositionMark> parse_position_mark(std::string_view text);

} // namespace millrace::logic
