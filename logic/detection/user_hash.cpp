#include "logic/detection/user_hash.hpp"

#include <algorithm>
#include <cstddef>

// Inlined, so that no library of this name is needed at run time.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::logic {

std::uint64_t hash_user(std::string_view user_id) noexcept {
  return XXH3_64bits(user_id.data(), user_id.size());
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
