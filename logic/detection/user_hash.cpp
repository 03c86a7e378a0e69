#include "logic/detection/user_hash.hpp"

// Inlined, so that no library of this name is needed at run time.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::logic {

std::uint64_t hash_user(std::string_view user_id) noexcept {
  return XXH3_64bits(user_id.data(), user_id.size());
}

} // namespace millrace::logic
