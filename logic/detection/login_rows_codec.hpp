#pragma once

#include "logic/core/result.hpp"
#include "logic/detection/login_rows.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What a node asks another one about logins, as bytes: integers and floats of
/// fixed width, little-endian, no padding.
namespace millrace::logic::detection {

/// Bytes of one login in a question; there is the event's number in neither,
/// since the answer stands in the order of the question.
inline constexpr std::size_t user_row_bytes = 43;
inline constexpr std::size_t address_row_bytes = 29;

/// Bytes that `encode_rows` would write, about.
std::size_t encoded_bytes(const LoginRows& rows,
                          const ShardSet& shards) noexcept;

/// The rows of those shards.
std::string encode_rows(const LoginRows& rows, const ShardSet& shards);

/// What another node asks; `event` counts the rows of each kind from 0. Counts
/// are compared with the bytes that are there before anything is allocated.
/// Refused: what is cut off or too long, another number of shards, rows that
/// are not of the shard that they are said to be of, values that no login has.
Result<LoginRows> decode_rows(std::string_view bytes,
                              std::uint32_t shard_count);

} // namespace millrace::logic::detection
