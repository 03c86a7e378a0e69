#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::logic {

/// Longest run of bytes that one byte of text becomes in a JSON string.
inline constexpr std::size_t max_escaped_bytes = 6;

/// Writes `text` as the inside of a JSON string (RFC 8259, section 7), without
/// the quotes, and returns the end. Bytes that are not UTF-8 become U+FFFD.
/// Room for `max_escaped_bytes` for each byte of `text`.
char* write_json_escaped(char* to, std::string_view text) noexcept;

/// The same, appended.
void append_json_escaped(std::string& json, std::string_view text);

/// The position of the first byte that breaks UTF-8 (RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF), or npos.
std::size_t find_invalid_utf8(std::string_view text) noexcept;

/// Whether UTF-8 text holds a control character: C0, DEL or C1.
bool has_control_character(std::string_view text) noexcept;

/// A value for people and logs: in double quotes, escaped, cut to about
/// `max_bytes` between characters with "..." behind.
std::string quoted(std::string_view text, std::size_t max_bytes = 64);

} // namespace millrace::logic
