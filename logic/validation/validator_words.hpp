#pragma once

#include <algorithm>
#include <string>
#include <string_view>

/// Words as the validator compares them: ASCII letters in any case.
namespace millrace::logic {

constexpr char lower_case(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a')
                                        : letter;
}

inline std::string lower_case(std::string_view text) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(),
                         [](char letter) { return lower_case(letter); });
  return lower;
}

/// Whether `text` is `lower`, which is in lower case, but for the case.
constexpr bool equals_ignoring_case(std::string_view text,
                                    std::string_view lower) noexcept {
  return std::ranges::equal(text, lower, {},
                            [](char letter) { return lower_case(letter); });
}

/// Without the blanks and line ends around it.
constexpr std::string_view without_blanks(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  return first == std::string_view::npos
           ? std::string_view{}
           : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

} // namespace millrace::logic
