#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::logic {

/// Whether bytes may be shown as they are: UTF-8 without control characters
/// but tabs and line ends.
bool is_plain_text(std::string_view bytes) noexcept;

/// A record's value as it may be shown to anybody: member names, structure and
/// the members that say nothing of a person stay, all other values are masked
/// as in the details of dead letters. Takes any text, JSON or nearly so: what
/// stands outside of strings and is no word of JSON is masked as well.
std::string masked_value(std::string_view text);

/// The bytes in lines of 16, with offsets, as hex and as ASCII.
std::string hex_lines(std::string_view bytes, std::string_view indent);

} // namespace millrace::logic
