#pragma once

#include "logic/core/ids.hpp"
#include "logic/records/reason.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::logic {

/// Where a record was read from. Views into whoever holds the topic's name.
struct Provenance {
  std::string_view topic;
  PartitionId partition;
  Offset offset;

  friend bool operator==(const Provenance&, const Provenance&) = default;
};

/// Names of the headers that the node writes. Public interface: append only.
/// All values are text; numbers are decimal.
namespace header_name {
inline constexpr std::string_view source_topic = "millrace.source.topic";
inline constexpr std::string_view source_partition
  = "millrace.source.partition";
inline constexpr std::string_view source_offset = "millrace.source.offset";
inline constexpr std::string_view reason = "millrace.reason";
inline constexpr std::string_view detail = "millrace.detail";
inline constexpr std::string_view stage = "millrace.stage";
inline constexpr std::string_view attempts = "millrace.attempts";
/// Milliseconds since 1970 (UTC).
inline constexpr std::string_view time = "millrace.time";
inline constexpr std::string_view node = "millrace.node";
} // namespace header_name

/// What a dead letter says of itself, beside its untouched key and value.
struct DeadLetterNote {
  Provenance source;
  Reason reason = Reason::not_json;
  std::string_view detail; ///< for people, without personal data
  std::string_view stage; ///< the stage that gave the record up
  std::uint32_t attempts = 1;
  std::int64_t time_ms = 0; ///< when it was given up, since 1970 (UTC)
  std::string_view node; ///< id of the node that gave it up
};

/// Appends the three source headers to an encoded run (record_headers.hpp).
/// Carried-over headers come first: readers take the last of a name.
void append_provenance(std::string& encoded, const Provenance& source);

/// Appends the source headers and the rest of the note.
void append_dead_letter_note(std::string& encoded, const DeadLetterNote& note);

/// Reads the source headers; nothing unless all three are there and the
/// numbers are whole numbers in range. Views into `encoded`.
std::optional<Provenance> read_provenance(std::string_view encoded) noexcept;

/// Reads a dead letter's headers. A missing or unknown reason, or missing
/// provenance, gives nothing; other missing ones keep their defaults.
std::optional<DeadLetterNote>
read_dead_letter_note(std::string_view encoded) noexcept;

/// Appends `"source":{"topic":"..","partition":0,"offset":0}`, without a
/// comma. The topic needs no escapes: Kafka allows letters, digits, `._-`.
void append_source_member(std::string& json, const Provenance& source);

/// Reads the value of a `source` member, an object of the members topic,
/// partition and offset alone, in any order and spacing. Nothing where one
/// of them is missing or of another type. Views into `object`.
std::optional<Provenance> parse_source_member(std::string_view object) noexcept;

} // namespace millrace::logic
