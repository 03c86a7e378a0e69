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
/// The record's own timestamp where the broker refused it, so that it was
/// written with the present time; milliseconds since 1970 (UTC).
inline constexpr std::string_view original_timestamp
  = "millrace.original_timestamp";
/// Of a dead letter that was written without its value (or key), as it did not
/// fit its topic: how long that was, and its XXH3 hash of 64 bits without a
/// seed (https://github.com/Cyan4973/xxHash) as 16 hexadecimal digits.
inline constexpr std::string_view value_bytes = "millrace.value.bytes";
inline constexpr std::string_view value_digest = "millrace.value.xxh3_64";
inline constexpr std::string_view key_bytes = "millrace.key.bytes";
inline constexpr std::string_view key_digest = "millrace.key.xxh3_64";
} // namespace header_name

/// A key or value that a dead letter was written without.
struct OmittedBytes {
  std::uint64_t bytes = 0;
  std::uint64_t digest = 0; ///< XXH3, 64 bits, no seed

  friend bool operator==(const OmittedBytes&, const OmittedBytes&) = default;
};

/// Size and digest of what is left out.
OmittedBytes omit(std::string_view bytes) noexcept;

/// What a dead letter says of itself, beside its untouched key and value.
struct DeadLetterNote {
  Provenance source;
  Reason reason = Reason::not_json;
  std::string_view detail; ///< for people, without personal data
  std::string_view stage; ///< the stage that gave the record up
  std::uint32_t attempts = 1;
  std::int64_t time_ms = 0; ///< when it was given up, since 1970 (UTC)
  std::string_view node; ///< id of the node that gave it up
  std::optional<std::int64_t> original_timestamp_ms; ///< where it was replaced
  std::optional<OmittedBytes> value; ///< where it is a reference
  std::optional<OmittedBytes> key; ///< where that is left out, too
};

/// Appends headers that a record brings along, but for those that the node
/// writes itself: of a dead letter that is read again, or a forgery, they would
/// stand in front of the true ones.
void append_carried_over(std::string& encoded, std::string_view headers);

/// Appends the three source headers to an encoded run (record_headers.hpp).
/// Carried-over headers come first: readers take the last of a name.
void append_provenance(std::string& encoded, const Provenance& source);

/// `topic/partition/offset`: the key of a dead letter that has none, for a
/// topic that takes no record without.
std::string place_key(const Provenance& source);

/// Appends the source headers and the rest of the note.
void append_dead_letter_note(std::string& encoded, const DeadLetterNote& note);

/// Appends the header that names a record's own timestamp.
void append_original_timestamp(std::string& encoded, std::int64_t time_ms);

/// Reads the source headers; nothing unless all three are there and the
/// numbers are whole numbers in range. Views into `encoded`.
std::optional<Provenance> read_provenance(std::string_view encoded) noexcept;

/// Reads a dead letter's headers. A missing or unknown reason, or missing
/// provenance, gives nothing; other missing ones keep their defaults.
std::optional<DeadLetterNote>
read_dead_letter_note(std::string_view encoded) noexcept;

/// A dead letter's headers whatever its reason is, which a later version may
/// have added: `note.reason` counts only where `reason` is a name of ours.
struct NamedNote {
  DeadLetterNote note;
  std::string_view reason;
};
std::optional<NamedNote> read_named_note(std::string_view encoded) noexcept;

/// Appends `"source":{"topic":"..","partition":0,"offset":0}`, without a
/// comma. The topic needs no escapes: Kafka allows letters, digits, `._-`.
void append_source_member(std::string& json, const Provenance& source);

/// The JSON text with `"timestamp":<time_ms>` as a further member of that
/// `source`; unchanged where it is not in there as `append_source_member`
/// writes it.
std::string with_original_timestamp(std::string_view json,
                                    const Provenance& source,
                                    std::int64_t time_ms);

/// Reads the value of a `source` member, an object of the members topic,
/// partition and offset (and perhaps timestamp) alone, in any order and
/// spacing. Nothing where one
/// of them is missing or of another type. Views into `object`.
std::optional<Provenance> parse_source_member(std::string_view object) noexcept;

} // namespace millrace::logic
