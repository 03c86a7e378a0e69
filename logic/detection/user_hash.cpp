#include "logic/detection/user_hash.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

// Inlined, so that no library of this name is needed at run time.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::logic {

namespace {

/// So many bytes are folded and hashed at a time; longer ids are none.
constexpr std::size_t part_bytes = 256;

/// Whether there may be a letter of A to Z: a byte with bit 6 set and bit 5
/// clear. Eight at a time, as this is asked of every event.
bool may_have_upper(std::string_view text) noexcept {
  constexpr std::size_t step = sizeof(std::uint64_t);
  constexpr std::uint64_t bits_6 = 0x4040404040404040U;
  if (text.size() < step)
    return true;
  const auto eight_at = [text](std::size_t place) {
    std::uint64_t letters = 0;
    std::memcpy(&letters, text.data() + place, step);
    return letters & ~(letters << 1U);
  };
  auto found = eight_at(text.size() - step);
  for (std::size_t place = 0; place + step < text.size(); place += step)
    found |= eight_at(place);
  return (found & bits_6) != 0;
}

std::string_view without_blanks(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

/// Apart, so that the usual way stays short.
[[gnu::noinline]] std::uint64_t hash_folded(std::string_view part,
                                            std::uint64_t seed) noexcept {
  std::array<char, part_bytes> folded;
  std::transform(part.begin(), part.end(), folded.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20)
                                          : letter;
  });
  return XXH3_64bits_withSeed(folded.data(), part.size(), seed);
}

} // namespace

std::uint64_t hash_user(std::string_view user_id) noexcept {
  user_id = without_blanks(user_id);
  if (user_id.size() <= part_bytes && !may_have_upper(user_id))
    return XXH3_64bits(user_id.data(), user_id.size());
  std::uint64_t hash = 0;
  for (; !user_id.empty();
       user_id.remove_prefix(std::min(user_id.size(), part_bytes)))
    hash = hash_folded(user_id.substr(0, part_bytes), hash);
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
