#include "logic/detection/user_hash.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

// Inlined, so that no library of this name is needed at run time.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::logic {

namespace {

/// So many bytes are folded and hashed at a time; longer ids are none.
constexpr std::size_t part_bytes = 256;

constexpr bool is_upper(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z';
}

std::string_view without_blanks(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

std::uint64_t hash_part(std::string_view part, std::uint64_t seed) noexcept {
  if (std::none_of(part.begin(), part.end(), is_upper))
    return XXH3_64bits_withSeed(part.data(), part.size(), seed);
  std::array<char, part_bytes> folded;
  std::transform(part.begin(), part.end(), folded.begin(), [](char letter) {
    return is_upper(letter) ? static_cast<char>(letter + ('a' - 'A')) : letter;
  });
  return XXH3_64bits_withSeed(folded.data(), part.size(), seed);
}

} // namespace

std::uint64_t hash_user(std::string_view user_id) noexcept {
  user_id = without_blanks(user_id);
  auto hash = hash_part(user_id.substr(0, part_bytes), 0);
  while (user_id.size() > part_bytes) {
    user_id.remove_prefix(part_bytes);
    hash = hash_part(user_id.substr(0, part_bytes), hash);
  }
  return hash;
}

std::uint64_t hash_address(const geo::IpAddress& address) noexcept {
  const std::size_t bytes = address.family == geo::AddressFamily::v4   ? 4
                            : address.family == geo::AddressFamily::v6 ? 8
                                                                       : 0;
  return bytes == 0
           ? 0
           : std::max<std::uint64_t>(
             1,
             XXH3_64bits_withSeed(address.bytes.data(), bytes,
                                  static_cast<std::uint64_t>(address.family)));
}

} // namespace millrace::logic
