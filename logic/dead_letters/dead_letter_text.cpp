#include "logic/dead_letters/dead_letter_text.hpp"

#include "logic/core/bounded_text.hpp"
#include "logic/core/event_time.hpp"
#include "logic/core/json_text.hpp"
#include "logic/dead_letters/masked_value.hpp"
#include "logic/records/record_headers.hpp"
#include "logic/validation/validator_fault.hpp"

#include <algorithm>
#include <array>

namespace millrace::logic {

namespace {

constexpr std::string_view our_prefix = "millrace.";
constexpr std::size_t label_width = 11;
constexpr std::array<std::size_t, 6> widths{10, 24, 17, 16, 24, 7};

/// In words, by `Reason`; docs/validation.md has them in full.
constexpr std::array<std::string_view, reason_count> meanings{
  "the record has no value",
  "the value is empty or blank",
  "the value is longer than validation.max_value_bytes",
  "the value holds bytes that are not UTF-8",
  "the value is not one JSON document",
  "the value is nested deeper than validation.max_depth",
  "the value is JSON, but not an object",
  "a member that is read occurs twice",
  "a required member is absent, null or empty",
  "a member has another JSON type than it must have",
  "the user id cannot be used",
  "the timestamp cannot be used",
  "the address is none, or has a form that is not accepted",
  "a member that is read holds a control character",
  "the enriched record is longer than the output takes",
  "the broker refused the record for good, or all tries failed",
  "the record makes a stage fail on every try",
  "a member that is read is longer than validation.max_field_bytes",
};

std::string time_text(std::int64_t time_ms) {
  return time_ms < 0 || time_ms > max_event_time_ms ? "-"
                                                    : format_time(time_ms);
}

std::string or_dash(std::string_view text) {
  return text.empty() ? "-" : bounded_text(text);
}

/// Cells in columns of fixed widths, so that lines can be written as they come.
std::string in_columns(const std::array<std::string, 6>& cells,
                       std::string_view last) {
  std::string line;
  for (std::size_t column = 0; column != cells.size(); ++column) {
    line += cells[column];
    const auto size = cells[column].size();
    line.append(size < widths[column] ? widths[column] - size : 0, ' ');
    line += "  ";
  }
  return line.append(last).append(1, '\n');
}

void append_fact(std::string& text, std::string_view label,
                 std::string_view fact) {
  text.append("  ").append(label);
  text.append(label_width - std::min(label_width, label.size()), ' ');
  text.append(fact).append(1, '\n');
}

std::string why_text(const DeadLetter& letter) {
  if (!letter.note)
    return "it says nowhere; somebody else than a node wrote it";
  const auto& note = letter.note->note;
  const auto reason = letter.reason();
  auto text = to_string(note.reason) == reason
                ? std::string{meanings[static_cast<std::size_t>(note.reason)]}
                : std::string{"for a reason that this version does not know"};
  text += " (" + bounded_text(reason) + ")";
  return note.detail.empty() ? text : text + ": " + bounded_text(note.detail);
}

std::string omitted_text(const OmittedBytes& omitted, std::string_view what) {
  return "left out by the node, as the record did not fit its topic: "
         + std::to_string(omitted.bytes) + " bytes; " + std::string{what}
         + " is in the input, at the source";
}

std::string history_text(const ReplayHistory& history) {
  return std::to_string(history.replays)
         + (history.replays == 1 ? " time" : " times") + ", first given up at "
         + time_text(history.time_ms) + " (" + or_dash(history.reason)
         + "), then at " + or_dash(history.source);
}

void append_facts(std::string& text, const DeadLetter& letter) {
  append_fact(text, "why", why_text(letter));
  append_fact(text, "timestamp", time_text(letter.record.timestamp_ms));
  if (!letter.note)
    return;
  const auto& note = letter.note->note;
  append_fact(text, "given up",
              time_text(letter.time_ms()) + " by " + or_dash(note.stage)
                + " of node " + or_dash(note.node) + ", attempt "
                + std::to_string(note.attempts));
  append_fact(text, "source",
              "topic " + bounded_text(note.source.topic) + ", partition "
                + std::to_string(note.source.partition.value) + ", offset "
                + std::to_string(note.source.offset.value));
  if (note.original_timestamp_ms)
    append_fact(text, "was",
                time_text(*note.original_timestamp_ms)
                  + ", a timestamp that this topic refused");
  if (letter.history)
    append_fact(text, "replayed", history_text(*letter.history));
}

/// One line of bytes that may be anything.
std::string line_of(std::string_view bytes, bool open) {
  if (!open)
    return masked(bytes);
  if (find_invalid_utf8(bytes) == bytes.npos)
    return quoted(bytes, max_fault_bytes);
  auto text = hex_lines(bytes.substr(0, 16), "");
  text.pop_back();
  return text + (bytes.size() > 16 ? " ..." : "");
}

void append_headers(std::string& text, const DeadLetter& letter, bool open) {
  auto left = letter.record.headers;
  text += left.empty() ? "  headers    none\n" : "  headers\n";
  while (const auto header = take_header(left)) {
    const bool ours = header->name.starts_with(our_prefix);
    text.append("    ").append(bounded_text(header->name)).append(" = ");
    text += header->value ? line_of(*header->value, open || ours) : "null";
    text += '\n';
  }
}

void append_key(std::string& text, const DeadLetter& letter, bool open) {
  const auto& key = letter.record.key;
  if (letter.note && letter.note->note.key)
    return append_fact(text, "key", omitted_text(*letter.note->note.key, "it"));
  if (!key)
    return append_fact(text, "key", "null");
  const bool made = letter.note && *key == place_key(letter.note->note.source);
  append_fact(text, "key",
              line_of(*key, open || made) + ", " + std::to_string(key->size())
                + " bytes"
                + (made ? ", made by the node: the record had none" : ""));
}

void append_value(std::string& text, const DeadLetter& letter,
                  const ShowOptions& options) {
  const auto& value = letter.record.value;
  if (letter.is_reference())
    return append_fact(text, "value",
                       omitted_text(*letter.note->note.value, "it"));
  if (!value)
    return append_fact(text, "value", "null");
  const bool plain = is_plain_text(*value);
  auto size = std::to_string(value->size()) + " bytes";
  auto some = options.value_bytes == 0 ? *value
                                       : value->substr(0, options.value_bytes);
  if (plain) // between characters
    some = some.substr(0, find_invalid_utf8(some));
  if (some.size() != value->size())
    size += ", the first " + std::to_string(some.size()) + " of them (--bytes)";
  if (!options.unmasked)
    size += plain ? ", personal values masked (--unmasked shows them)"
                  : ", not text (--unmasked shows them as hex)";
  append_fact(text, "value", size);
  if (!options.unmasked && !plain)
    return;
  if (!plain)
    text += hex_lines(some, "    ");
  else
    text.append(options.unmasked ? std::string{some} : masked_value(some))
      .append(1, '\n');
}

} // namespace

std::string list_head() {
  return in_columns(
    {"place", "given up", "reason", "stage", "source", "replays"}, "detail");
}

std::string list_line(const DeadLetter& letter) {
  const auto source = letter.note
                        ? bounded_text(place_key(letter.note->note.source))
                        : std::string{"-"};
  const auto detail = letter.note ? or_dash(letter.note->note.detail)
                                  : std::string{"not written by a node"};
  return in_columns({place_text(letter), time_text(letter.time_ms()),
                     or_dash(letter.reason()), or_dash(letter.stage()), source,
                     std::to_string(letter.replays())},
                    detail);
}

std::string describe(const DeadLetter& letter, const ShowOptions& options) {
  std::string text = "dead letter " + place_text(letter) + '\n';
  append_facts(text, letter);
  append_headers(text, letter, options.unmasked);
  append_key(text, letter, options.unmasked);
  append_value(text, letter, options);
  return text;
}

} // namespace millrace::logic
