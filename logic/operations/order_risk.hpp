#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// What a node uses a topic for.
enum class TopicRole : std::uint8_t {
  none, ///< nothing: it is somebody else's
  input,
  output,
  dead_letters,
  insights,
  state,
};

std::string_view to_string(TopicRole role) noexcept;

/// What the records of a topic say of its order.
enum class KeyUse : std::uint8_t {
  unknown, ///< they could not be read
  empty, ///< there are none
  none, ///< those that were looked at have no keys
  some,
};

/// More partitions for a topic than it has.
struct PartitionRaise {
  std::string topic;
  TopicRole role = TopicRole::none;
  std::int32_t from = 0;
  std::int32_t to = 0;
  KeyUse keys = KeyUse::unknown;
  /// Of outputs and dead letters: by the key, not by the input's partition.
  bool partitioned_by_key = false;
  std::optional<std::int32_t> input_partitions; ///< none: not known
  std::size_t group_members = 0; ///< of the group that reads the input
};

/// What the raise does to the order of records, a sentence each, with what to
/// do about it; empty where it does nothing.
std::vector<std::string> order_risks(const PartitionRaise& raise);

} // namespace millrace::logic
