#pragma once

#include "logic/core/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::faults {

/// A word of an order.
struct Word {
  std::string text; ///< without quotes and escapes
  std::size_t column = 1; ///< of its first byte, from 1
  bool quoted = false; ///< and so never a keyword
};

/// Splits at blanks (space and tab) outside double quotes. Refuses texts
/// longer than `max_order_bytes`, control characters, and broken quotes.
Result<std::vector<Word>> split_words(std::string_view text);

/// The word as `split_words` reads it: bare if it can be, else quoted.
std::string render_word(std::string_view word);

/// "fault order "crash validater", column 7: " and what is wrong.
Error misread(std::string_view text, std::size_t column,
              const std::string& what);

/// A number in decimal digits, nothing before or after them; at most `most`.
std::optional<std::uint32_t> parse_number(std::string_view text,
                                          std::uint32_t most) noexcept;

/// A whole number and ms, s, min or h; from 1 ms to `max_fault_duration`.
std::optional<std::chrono::milliseconds>
parse_fault_duration(std::string_view text) noexcept;

/// With the largest unit that divides it.
std::string render_fault_duration(std::chrono::milliseconds duration);

/// "a, b, c"
std::string joined(std::span<const std::string_view> words);

} // namespace millrace::logic::faults
