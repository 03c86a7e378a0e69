#pragma once

#include "logic/geo/ip_address.hpp"

#include <cstdint>
#include <string_view>

namespace millrace::logic {

/// XXH3 (64 bits, no seed) of a user id, in lower case (ASCII) and without the
/// blanks around it: most logins ask for no more, and who guesses a password
/// must not become another user with every spelling. The same on every node and
/// in every run: it names the detector shard and keys the saved state.
std::uint64_t hash_user(std::string_view user_id) noexcept;

/// The same of an address: of all of a v4 one, and of a v6 one's first 64 bits,
/// since whoever has one of those has the whole network. 0 for none, never
/// else.
std::uint64_t hash_address(const geo::IpAddress& address) noexcept;

} // namespace millrace::logic
