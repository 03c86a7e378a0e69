#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::logic {

/// Names of the headers that `millrace dlq replay` gives a record on its way
/// back. Public interface: append only. The node carries them over, so that a
/// dead letter of a record that fails again has them, each once.
namespace header_name {
/// How often it was replayed, decimal.
inline constexpr std::string_view replays = "millrace.replays";
/// Of the first failure: the reason, when (milliseconds since 1970, UTC), and
/// where the record stood then, as `topic/partition/offset`.
inline constexpr std::string_view first_reason = "millrace.first.reason";
inline constexpr std::string_view first_time = "millrace.first.time";
inline constexpr std::string_view first_source = "millrace.first.source";
/// The timestamp that the record had at first, milliseconds since 1970 (UTC).
inline constexpr std::string_view first_timestamp = "millrace.first.timestamp";
} // namespace header_name

/// What a record that was replayed brings along. Views into its headers.
struct ReplayHistory {
  std::uint32_t replays = 0;
  std::string_view reason = {}; ///< of the first failure
  std::string_view source = {}; ///< of the first failure
  std::int64_t time_ms = 0; ///< of the first failure
  std::optional<std::int64_t> timestamp_ms = {}; ///< of the record, at first
};

/// Appends the headers to an encoded run (record_headers.hpp).
void append_replay_history(std::string& encoded, const ReplayHistory& history);

/// Nothing where the record was never replayed. A count that cannot be read is
/// the highest there is: whoever caps replays must not begin again at zero.
std::optional<ReplayHistory>
read_replay_history(std::string_view encoded) noexcept;

/// Appends the headers that a record had before the node or a replay gave it
/// any.
void append_original_headers(std::string& encoded, std::string_view headers);

} // namespace millrace::logic
