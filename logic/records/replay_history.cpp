#include "logic/records/replay_history.hpp"

#include "logic/core/parse_number.hpp"
#include "logic/records/provenance.hpp"
#include "logic/records/record_headers.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace millrace::logic {

namespace {

constexpr std::array history_headers{
  header_name::replays, header_name::first_reason, header_name::first_time,
  header_name::first_source, header_name::first_timestamp};

} // namespace

void append_replay_history(std::string& encoded, const ReplayHistory& history) {
  append_header(encoded, header_name::replays, std::to_string(history.replays));
  append_header(encoded, header_name::first_reason, history.reason);
  append_header(encoded, header_name::first_time,
                std::to_string(history.time_ms));
  append_header(encoded, header_name::first_source, history.source);
  if (history.timestamp_ms)
    append_header(encoded, header_name::first_timestamp,
                  std::to_string(*history.timestamp_ms));
}

std::optional<ReplayHistory>
read_replay_history(std::string_view encoded) noexcept {
  ReplayHistory history;
  bool replayed = false;
  while (const auto header = take_header(encoded)) {
    const auto value = header->value.value_or("");
    if (header->name == header_name::replays) {
      replayed = true;
      history.replays = parse_number<std::uint32_t>(value).value_or(
        std::numeric_limits<std::uint32_t>::max());
    } else if (header->name == header_name::first_reason)
      history.reason = value;
    else if (header->name == header_name::first_source)
      history.source = value;
    else if (header->name == header_name::first_time)
      history.time_ms = parse_number<std::int64_t>(value).value_or(0);
    else if (header->name == header_name::first_timestamp)
      history.timestamp_ms = parse_number<std::int64_t>(value);
  }
  if (!replayed)
    return std::nullopt;
  return history;
}

void append_original_headers(std::string& encoded, std::string_view headers) {
  std::string carried;
  append_carried_over(carried, headers);
  std::string_view left{carried};
  while (const auto header = take_header(left))
    if (std::ranges::find(history_headers, header->name)
        == history_headers.end())
      append_header(encoded, header->name, header->value);
}

} // namespace millrace::logic
