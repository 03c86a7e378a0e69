#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace millrace::logic {

/// The whole text as a decimal number; nothing where it is none or does not
/// fit.
template <class Number>
std::optional<Number> parse_number(std::string_view text) noexcept {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || text.empty())
    return std::nullopt;
  return number;
}

} // namespace millrace::logic
