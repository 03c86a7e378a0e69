#include "logic/dead_letters/replayed_record.hpp"

#include <algorithm>

namespace millrace::logic {

namespace {

std::optional<std::string_view> original_key(const DeadLetter& letter) {
  const auto& key = letter.record.key;
  if (key && *key == place_key(letter.note->note.source))
    return std::nullopt;
  return key;
}

std::int64_t original_timestamp(const DeadLetter& letter) {
  if (letter.history && letter.history->timestamp_ms)
    return *letter.history->timestamp_ms;
  return letter.note->note.original_timestamp_ms.value_or(
    letter.record.timestamp_ms);
}

} // namespace

std::size_t ReplayedRecord::bytes() const noexcept {
  return (key ? key->size() : 0) + value.size() + headers.size();
}

ReplayedRecord to_replayed(const DeadLetter& letter) {
  ReplayedRecord record;
  if (const auto key = original_key(letter))
    record.key = *key;
  record.value = letter.record.value.value_or("");
  record.timestamp_ms = original_timestamp(letter);
  append_original_headers(record.headers, letter.record.headers);
  const auto source = place_key(letter.note->note.source);
  ReplayHistory history;
  if (letter.history)
    history = *letter.history;
  else {
    history.reason = letter.reason();
    history.source = source;
    history.time_ms = letter.time_ms();
  }
  ++history.replays;
  if (record.timestamp_ms >= 0)
    history.timestamp_ms = record.timestamp_ms;
  append_replay_history(record.headers, history);
  return record;
}

std::optional<PartitionId> destination_partition(const DeadLetter& letter,
                                                 bool back_in_its_topic,
                                                 std::int32_t partition_count) {
  const auto source = letter.note->note.source.partition;
  if (back_in_its_topic && source.value < partition_count)
    return source;
  if (original_key(letter))
    return std::nullopt;
  return PartitionId{source.value % std::max(1, partition_count)};
}

} // namespace millrace::logic
