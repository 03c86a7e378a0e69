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

} // namespace millrace::logic
