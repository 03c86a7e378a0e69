#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::logic {

/// XXH3 (64 bits, no seed) of a user id. The same on every node and in every
/// run: it names the detector shard and keys the saved state.
std::uint64_t hash_user(std::string_view user_id) noexcept;

} // namespace millrace::logic
