#include "logic/core/json_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace millrace::logic {

namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

constexpr unsigned byte_at(std::string_view text, std::size_t index) noexcept {
  return static_cast<unsigned char>(text[index]);
}

/// The length of the UTF-8 sequence that `text` begins with, 0 where it is
/// none (RFC 3629, section 4).
std::size_t sequence_bytes(std::string_view text) noexcept {
  const unsigned lead = byte_at(text, 0);
  if (lead < 0x80)
    return 1;
  if (lead < 0xC2 || lead > 0xF4)
    return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length)
    return 0;
  // The second byte's range shuts out overlong forms, surrogates and what
  // lies above U+10FFFF.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte_at(text, 1) < low || byte_at(text, 1) > high)
    return 0;
  for (std::size_t index = 2; index != length; ++index)
    if ((byte_at(text, index) & 0xC0) != 0x80)
      return 0;
  return length;
}

char* write_piece(char* to, std::string_view piece) noexcept {
  std::memcpy(to, piece.data(), piece.size());
  return to + piece.size();
}

char* write_escape(char* to, unsigned character) noexcept {
  constexpr std::string_view hex_digits = "0123456789abcdef";
  *to++ = '\\';
  switch (character) {
    case '"':
    case '\\':
      *to++ = static_cast<char>(character);
      return to;
    case '\b':
      *to++ = 'b';
      return to;
    case '\f':
      *to++ = 'f';
      return to;
    case '\n':
      *to++ = 'n';
      return to;
    case '\r':
      *to++ = 'r';
      return to;
    case '\t':
      *to++ = 't';
      return to;
    default:
      to = write_piece(to, "u00");
      *to++ = hex_digits[character >> 4];
      *to++ = hex_digits[character & 0xF];
      return to;
  }
}

/// C1 controls are U+0080 to U+009F, in UTF-8 C2 80 to C2 9F.
bool is_c1_control(std::string_view text, std::size_t index) noexcept {
  return byte_at(text, index) == 0xC2 && index + 1 < text.size()
         && byte_at(text, index + 1) < 0xA0;
}

} // namespace

char* write_json_escaped(char* to, std::string_view text) noexcept {
  while (!text.empty()) {
    const unsigned character = byte_at(text, 0);
    std::size_t taken = 1;
    if (character < 0x20 || character == '"' || character == '\\'
        || character == 0x7F) {
      to = write_escape(to, character);
    } else if (taken = sequence_bytes(text); taken != 0) {
      to = write_piece(to, text.substr(0, taken));
    } else {
      to = write_piece(to, replacement_character);
      taken = 1;
    }
    text.remove_prefix(taken);
  }
  return to;
}

void append_json_escaped(std::string& json, std::string_view text) {
  const std::size_t before = json.size();
  json.resize(before + text.size() * max_escaped_bytes);
  const char* end = write_json_escaped(json.data() + before, text);
  json.resize(static_cast<std::size_t>(end - json.data()));
}

std::size_t find_invalid_utf8(std::string_view text) noexcept {
  for (std::size_t position = 0; position != text.size();) {
    const std::size_t length = sequence_bytes(text.substr(position));
    if (length == 0)
      return position;
    position += length;
  }
  return std::string_view::npos;
}

bool has_control_character(std::string_view text) noexcept {
  // One branch-free pass first: almost no text holds any of these bytes.
  unsigned suspicious = 0;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    suspicious |= static_cast<unsigned>(byte < 0x20)
                  | static_cast<unsigned>(byte == 0x7F)
                  | static_cast<unsigned>(byte == 0xC2);
  }
  if (suspicious == 0)
    return false;
  for (std::size_t index = 0; index != text.size(); ++index)
    if (byte_at(text, index) < 0x20 || byte_at(text, index) == 0x7F
        || is_c1_control(text, index))
      return true;
  return false;
}

std::string quoted(std::string_view text, std::size_t max_bytes) {
  std::string result = "\"";
  std::size_t length = std::min(text.size(), max_bytes);
  // Steps back to the first byte of a character that would be cut in two.
  while (length != 0 && length != text.size()
         && (byte_at(text, length) & 0xC0) == 0x80)
    --length;
  append_json_escaped(result, text.substr(0, length));
  result += length == text.size() ? "\"" : "...\"";
  return result;
}

} // namespace millrace::logic
