#include "logic/dead_letters/dead_letter.hpp"

#include "logic/core/actor_table.hpp"
#include "logic/core/parse_number.hpp"

namespace millrace::logic {

std::int64_t DeadLetter::time_ms() const noexcept {
  return note && note->note.time_ms > 0 ? note->note.time_ms
                                        : record.timestamp_ms;
}

std::string_view DeadLetter::reason() const noexcept {
  return note ? note->reason : std::string_view{};
}

std::string_view DeadLetter::stage() const noexcept {
  return note ? kind_name(note->note.stage) : std::string_view{};
}

std::uint32_t DeadLetter::replays() const noexcept {
  return history ? history->replays : 0;
}

bool DeadLetter::is_reference() const noexcept {
  return note && note->note.value && !record.value;
}

DeadLetter read_dead_letter(PartitionId partition, const RecordView& record) {
  return {partition, record, read_named_note(record.headers),
          read_replay_history(record.headers)};
}

std::string place_text(const DeadLetter& letter) {
  return std::to_string(letter.partition.value) + ':'
         + std::to_string(letter.record.offset.value);
}

std::optional<DeadLetterPlace> parse_place(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  const auto partition = parse_number<std::int32_t>(text.substr(0, colon));
  const auto offset = parse_number<std::int64_t>(text.substr(colon + 1));
  if (!partition || !offset || *partition < 0 || *offset < 0)
    return std::nullopt;
  return DeadLetterPlace{PartitionId{*partition}, Offset{*offset}};
}

} // namespace millrace::logic
