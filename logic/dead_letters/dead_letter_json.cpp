#include "logic/dead_letters/dead_letter_json.hpp"

#include "logic/core/base64.hpp"
#include "logic/core/json_text.hpp"
#include "logic/records/record_headers.hpp"

namespace millrace::logic {

namespace {

void append_string(std::string& text, std::string_view value) {
  text += '"';
  append_json_escaped(text, value);
  text += '"';
}

void append_name(std::string& text, std::string_view name) {
  if (text.back() != '{')
    text += ',';
  text.append(1, '"').append(name).append("\":");
}

void append_text(std::string& text, std::string_view name,
                 std::string_view value) {
  append_name(text, name);
  append_string(text, value);
}

void append_number(std::string& text, std::string_view name,
                   std::int64_t number) {
  append_name(text, name);
  text += std::to_string(number);
}

/// Text, base64 or null.
void append_bytes(std::string& text, std::string_view name,
                  const std::optional<std::string_view>& bytes) {
  if (bytes && find_invalid_utf8(*bytes) != bytes->npos) {
    append_name(text, std::string{name} + "_base64");
    text += '"';
    append_base64(text, *bytes);
    text += '"';
    return;
  }
  append_name(text, name);
  if (bytes)
    append_string(text, *bytes);
  else
    text += "null";
}

void append_note(std::string& text, const DeadLetter& letter) {
  const auto& note = letter.note->note;
  append_text(text, "reason", letter.reason());
  append_text(text, "detail", note.detail);
  append_text(text, "stage", note.stage);
  append_number(text, "attempts", note.attempts);
  append_number(text, "time", note.time_ms);
  append_text(text, "node", note.node);
  append_name(text, "source");
  text += '{'; // with escapes: a header may hold anything
  append_text(text, "topic", note.source.topic);
  append_number(text, "partition", note.source.partition.value);
  append_number(text, "offset", note.source.offset.value);
  text += '}';
  append_number(text, "replays", letter.replays());
}

} // namespace

void append_json_line(std::string& text, const DeadLetter& letter) {
  const auto& record = letter.record;
  text += '{';
  append_number(text, "partition", letter.partition.value);
  append_number(text, "offset", record.offset.value);
  append_number(text, "timestamp", record.timestamp_ms);
  if (letter.note)
    append_note(text, letter);
  append_bytes(text, "key", record.key);
  append_bytes(text, "value", record.value);
  append_name(text, "headers");
  text += '[';
  auto left = record.headers;
  while (const auto header = take_header(left)) {
    if (text.back() != '[')
      text += ',';
    text += '{';
    append_bytes(text, "name", header->name);
    append_bytes(text, "value", header->value);
    text += '}';
  }
  text += "]}\n";
}

} // namespace millrace::logic
