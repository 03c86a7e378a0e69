#pragma once

#include "logic/dead_letters/dead_letter.hpp"
#include "logic/records/record_headers.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace millrace::tests {

/// A dead letter as the node writes it, with what a test wants otherwise.
struct SampleLetter {
  std::int32_t partition = 0;
  std::int64_t offset = 7;
  std::optional<std::string> key = "user-4711-key";
  std::optional<std::string> value = R"({"user_id":"b22a51d5"})";
  std::string before; ///< encoded headers that the record had itself
  std::string topic = "user-login";
  std::int32_t source_partition = 2;
  std::int64_t source_offset = 229;
  logic::Reason reason = logic::Reason::missing_field;
  std::string detail = "required \"app_version\" is absent";
  std::string stage = "validator";
  std::int64_t time_ms = 1'764'511'200'123; // 2025-11-30T14:00:00.123Z
  std::int64_t timestamp_ms = 1'764'500'000'000;
  bool by_a_node = true;
  bool reference = false; ///< written without its value

  logic::DeadLetter letter() {
    headers = before;
    logic::DeadLetterNote note;
    note.source = {topic, logic::PartitionId{source_partition},
                   logic::Offset{source_offset}};
    note.reason = reason;
    note.detail = detail;
    note.stage = stage;
    note.time_ms = time_ms;
    note.node = "node-1";
    if (reference)
      note.value = logic::omit(value.value_or(""));
    if (by_a_node)
      logic::append_dead_letter_note(headers, note);
    logic::RecordView record;
    record.offset = logic::Offset{offset};
    record.timestamp_ms = timestamp_ms;
    if (key)
      record.key = *key;
    if (value && !reference)
      record.value = *value;
    record.headers = headers;
    return logic::read_dead_letter(logic::PartitionId{partition}, record);
  }

  std::string headers; ///< all of them, once made
};

} // namespace millrace::tests
