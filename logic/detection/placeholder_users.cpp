#include "logic/detection/placeholder_users.hpp"

#include <algorithm>

namespace millrace::logic::detection {

namespace {

constexpr char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32)
                                        : letter;
}

constexpr char upper(char letter) noexcept {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32)
                                        : letter;
}

constexpr bool is_blank(char letter) noexcept {
  return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

} // namespace

PlaceholderUsers::PlaceholderUsers(std::span<const std::string> words) {
  for (const auto& word : words) {
    std::string bare{trimmed(word)};
    if (bare.empty())
      continue;
    std::transform(bare.begin(), bare.end(), bare.begin(), lower);
    for (const char letter : {bare.front(), upper(bare.front())})
      begins_[static_cast<unsigned char>(letter)] = true;
    longest_ = std::max(longest_, bare.size());
    words_.push_back(std::move(bare));
  }
}

bool PlaceholderUsers::contains(std::string_view user_id) const noexcept {
  const auto bare = trimmed(user_id);
  if (bare.empty() || bare.size() > longest_
      || !begins_[static_cast<unsigned char>(bare.front())])
    return false;
  return std::any_of(words_.begin(), words_.end(), [&](const auto& word) {
    return word.size() == bare.size()
           && std::equal(word.begin(), word.end(), bare.begin(),
                         [](char a, char b) { return a == lower(b); });
  });
}

} // namespace millrace::logic::detection
