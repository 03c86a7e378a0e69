#include "logic/records/provenance.hpp"

#include "logic/core/parse_number.hpp"
#include "logic/records/record_headers.hpp"

#include <xxhash.h>

#include <array>
#include <charconv>
#include <concepts>
#include <utility>

namespace millrace::logic {

namespace {

/// Room for any 64-bit number with its sign.
class Decimal {
public:
  explicit Decimal(std::integral auto number) noexcept {
    end_ = std::to_chars(digits_.data(), digits_.data() + digits_.size(),
                         number)
             .ptr;
  }
  std::string_view text() const noexcept {
    return {digits_.data(), static_cast<std::size_t>(end_ - digits_.data())};
  }

private:
  std::array<char, 24> digits_;
  const char* end_ = nullptr;
};

constexpr int digest_digits = 16;
constexpr int hexadecimal = 16;

std::string digest_text(std::uint64_t digest) {
  std::string text(digest_digits, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit) {
    *digit = "0123456789abcdef"[digest % hexadecimal];
    digest /= hexadecimal;
  }
  return text;
}

std::optional<OmittedBytes>
parse_omitted(std::optional<std::string_view> bytes,
              std::optional<std::string_view> digest) noexcept {
  const auto length = parse_number<std::uint64_t>(bytes.value_or(""));
  const auto text = digest.value_or("");
  OmittedBytes omitted;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, omitted.digest,
                                             hexadecimal);
  if (!length || text.size() != digest_digits || error != std::errc{}
      || stop != end)
    return std::nullopt;
  omitted.bytes = *length;
  return omitted;
}

std::optional<Reason> parse_reason(std::string_view text) noexcept {
  for (std::size_t index = 0; index != reason_count; ++index)
    if (to_string(static_cast<Reason>(index)) == text)
      return static_cast<Reason>(index);
  return std::nullopt;
}

/// Builds a provenance from texts; a partition or offset below zero is none.
std::optional<Provenance>
from_texts(std::optional<std::string_view> topic,
           std::optional<std::string_view> partition,
           std::optional<std::string_view> offset) noexcept {
  if (!topic || !partition || !offset)
    return std::nullopt;
  const auto partition_number = parse_number<std::int32_t>(*partition);
  const auto offset_number = parse_number<std::int64_t>(*offset);
  if (!partition_number || !offset_number || *partition_number < 0
      || *offset_number < 0)
    return std::nullopt;
  return Provenance{*topic, PartitionId{*partition_number},
                    Offset{*offset_number}};
}

/// The last values of the headers that we write, from one pass.
struct NoteTexts {
  std::optional<std::string_view> topic, partition, offset, reason, detail,
    stage, attempts, time, node, original_timestamp, value_bytes, value_digest,
    key_bytes, key_digest;

  NoteTexts() = default;
  explicit NoteTexts(std::string_view encoded) noexcept {
    while (auto header = take_header(encoded))
      if (auto* text = find(header->name))
        *text = header->value;
  }

  /// Where the value of the header of that name goes; null if it is not ours.
  std::optional<std::string_view>* find(std::string_view name) noexcept {
    using Member = std::optional<std::string_view> NoteTexts::*;
    static constexpr std::pair<std::string_view, Member> members[] = {
      {header_name::source_topic, &NoteTexts::topic},
      {header_name::source_partition, &NoteTexts::partition},
      {header_name::source_offset, &NoteTexts::offset},
      {header_name::reason, &NoteTexts::reason},
      {header_name::detail, &NoteTexts::detail},
      {header_name::stage, &NoteTexts::stage},
      {header_name::attempts, &NoteTexts::attempts},
      {header_name::time, &NoteTexts::time},
      {header_name::node, &NoteTexts::node},
      {header_name::original_timestamp, &NoteTexts::original_timestamp},
      {header_name::value_bytes, &NoteTexts::value_bytes},
      {header_name::value_digest, &NoteTexts::value_digest},
      {header_name::key_bytes, &NoteTexts::key_bytes},
      {header_name::key_digest, &NoteTexts::key_digest}};
    constexpr std::string_view prefix = "millrace.";
    if (name.starts_with(prefix))
      for (const auto& [known, member] : members)
        if (known == name)
          return &(this->*member);
    return nullptr;
  }
};

/// Takes blanks, then `token`; false and unmoved where it does not follow.
bool take_token(std::string_view& text, char token) noexcept {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != token)
    return false;
  text.remove_prefix(first + 1);
  return true;
}

/// Takes a string without escapes, as topic and member names of ours are.
std::optional<std::string_view> take_plain_string(std::string_view& text) {
  if (!take_token(text, '"'))
    return std::nullopt;
  const auto end = text.find_first_of("\"\\");
  if (end == std::string_view::npos || text[end] == '\\')
    return std::nullopt;
  const auto inside = text.substr(0, end);
  text.remove_prefix(end + 1);
  return inside;
}

std::string_view take_digits(std::string_view& text) noexcept {
  const auto first = text.find_first_not_of(" \t\r\n");
  text.remove_prefix(first == std::string_view::npos ? text.size() : first);
  const auto end = text.find_first_not_of("0123456789");
  const auto digits = text.substr(0, end);
  text.remove_prefix(digits.size());
  return digits;
}

} // namespace

void append_carried_over(std::string& encoded, std::string_view headers) {
  NoteTexts ours;
  while (const auto header = take_header(headers))
    if (ours.find(header->name) == nullptr)
      append_header(encoded, header->name, header->value);
}

std::string place_key(const Provenance& source) {
  std::string key{source.topic};
  key.append("/").append(Decimal{source.partition.value}.text());
  return key.append("/").append(Decimal{source.offset.value}.text());
}

void append_provenance(std::string& encoded, const Provenance& source) {
  append_header(encoded, header_name::source_topic, source.topic);
  append_header(encoded, header_name::source_partition,
                Decimal{source.partition.value}.text());
  append_header(encoded, header_name::source_offset,
                Decimal{source.offset.value}.text());
}

OmittedBytes omit(std::string_view bytes) noexcept {
  return {bytes.size(), XXH3_64bits(bytes.data(), bytes.size())};
}

void append_original_timestamp(std::string& encoded, std::int64_t time_ms) {
  append_header(encoded, header_name::original_timestamp,
                Decimal{time_ms}.text());
}

void append_dead_letter_note(std::string& encoded, const DeadLetterNote& note) {
  append_provenance(encoded, note.source);
  append_header(encoded, header_name::reason, to_string(note.reason));
  append_header(encoded, header_name::detail, note.detail);
  append_header(encoded, header_name::stage, note.stage);
  append_header(encoded, header_name::attempts, Decimal{note.attempts}.text());
  append_header(encoded, header_name::time, Decimal{note.time_ms}.text());
  append_header(encoded, header_name::node, note.node);
  if (note.original_timestamp_ms)
    append_original_timestamp(encoded, *note.original_timestamp_ms);
  if (note.value) {
    append_header(encoded, header_name::value_bytes,
                  Decimal{note.value->bytes}.text());
    append_header(encoded, header_name::value_digest,
                  digest_text(note.value->digest));
  }
  if (note.key) {
    append_header(encoded, header_name::key_bytes,
                  Decimal{note.key->bytes}.text());
    append_header(encoded, header_name::key_digest,
                  digest_text(note.key->digest));
  }
}

std::optional<Provenance> read_provenance(std::string_view encoded) noexcept {
  const NoteTexts texts{encoded};
  return from_texts(texts.topic, texts.partition, texts.offset);
}

std::optional<DeadLetterNote>
read_dead_letter_note(std::string_view encoded) noexcept {
  const auto named = read_named_note(encoded);
  if (!named || !parse_reason(named->reason))
    return std::nullopt;
  return named->note;
}

std::optional<NamedNote> read_named_note(std::string_view encoded) noexcept {
  const NoteTexts texts{encoded};
  const auto source = from_texts(texts.topic, texts.partition, texts.offset);
  if (!source || !texts.reason)
    return std::nullopt;
  NamedNote named;
  named.reason = *texts.reason;
  auto& note = named.note;
  note.source = *source;
  note.reason = parse_reason(named.reason).value_or(note.reason);
  note.detail = texts.detail.value_or("");
  note.stage = texts.stage.value_or("");
  note.node = texts.node.value_or("");
  note.attempts = parse_number<std::uint32_t>(texts.attempts.value_or(""))
                    .value_or(note.attempts);
  note.time_ms = parse_number<std::int64_t>(texts.time.value_or(""))
                   .value_or(note.time_ms);
  note.original_timestamp_ms = parse_number<std::int64_t>(
    texts.original_timestamp.value_or(""));
  note.value = parse_omitted(texts.value_bytes, texts.value_digest);
  note.key = parse_omitted(texts.key_bytes, texts.key_digest);
  return named;
}

void append_source_member(std::string& json, const Provenance& source) {
  json += R"("source":{"topic":")";
  json += source.topic;
  json += R"(","partition":)";
  json += Decimal{source.partition.value}.text();
  json += R"(,"offset":)";
  json += Decimal{source.offset.value}.text();
  json += '}';
}

std::string with_original_timestamp(std::string_view json,
                                    const Provenance& source,
                                    std::int64_t time_ms) {
  std::string member;
  append_source_member(member, source);
  const auto found = json.rfind(member);
  std::string text{json};
  if (found == std::string_view::npos)
    return text;
  const auto end = found + member.size() - 1; // before the closing brace
  std::string addition = R"(,"timestamp":)";
  addition += Decimal{time_ms}.text();
  text.insert(end, addition);
  return text;
}

std::optional<Provenance>
parse_source_member(std::string_view object) noexcept {
  std::optional<std::string_view> topic;
  std::optional<std::string_view> partition;
  std::optional<std::string_view> offset;
  if (!take_token(object, '{'))
    return std::nullopt;
  do {
    const auto name = take_plain_string(object);
    if (!name || !take_token(object, ':'))
      return std::nullopt;
    if (*name == "topic")
      topic = take_plain_string(object);
    else if (*name == "partition")
      partition = take_digits(object);
    else if (*name == "offset")
      offset = take_digits(object);
    else if (*name == "timestamp")
      take_digits(object);
    else
      return std::nullopt;
  } while (take_token(object, ','));
  if (!take_token(object, '}')
      || object.find_first_not_of(" \t\r\n") != std::string_view::npos)
    return std::nullopt;
  return from_texts(topic, partition, offset);
}

} // namespace millrace::logic
