#pragma once

#include "logic/delivery/outgoing_record.hpp"

#include <cstddef>
#include <cstdint>

namespace millrace::adapters::kafka {

inline constexpr std::size_t opaque_index_bits = 32;

static_assert(sizeof(void*) == 8, "a token travels as librdkafka's opaque");

/// A token as librdkafka carries it with a message.
inline void* to_opaque(logic::SendToken token) noexcept {
  const auto bits = (std::uint64_t{token.slot} << opaque_index_bits)
                    | std::uint64_t{token.index};
  return reinterpret_cast<void*>(bits); // NOLINT: never dereferenced
}

inline logic::SendToken to_token(const void* opaque) noexcept {
  const auto bits = reinterpret_cast<std::uint64_t>(opaque);
  return {static_cast<std::uint32_t>(bits >> opaque_index_bits),
          static_cast<std::uint32_t>(bits)};
}

} // namespace millrace::adapters::kafka
