#pragma once

#include "logic/records/reason.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace millrace::logic::generation {

/// Ways to spoil a record: at least one for each reason that a record can
/// show by itself. The names are the words of `millrace generate --bad`.
enum class BadKind : std::uint8_t {
  tombstone, ///< null value
  empty_value, ///< no bytes, or blanks
  garbage_bytes, ///< random bytes, never UTF-8
  invalid_utf8, ///< an event with broken UTF-8 inside a string
  garbage_text, ///< printable, but no JSON
  truncated, ///< an event cut off
  too_deep, ///< an event with a member nested 200 deep
  not_an_object, ///< JSON, but an array, a number, ...
  duplicate_member, ///< `user_id` twice
  missing_field, ///< without `user_id`, or with a null there
  wrong_type, ///< a number where a string belongs, or the other way
  invalid_user_id, ///< `user_id` of 300 bytes
  future_timestamp, ///< ten years ahead
  invalid_address, ///< octets above 255, three octets, words
  invalid_text, ///< an escaped NUL in `app_version`
  too_large, ///< a value beyond the limit; only on request
};

inline constexpr std::size_t bad_kind_count = 16;

std::string_view to_string(BadKind kind) noexcept;

std::optional<BadKind> parse_bad_kind(std::string_view name) noexcept;

/// The reason that a validator in its default configuration must give.
Reason intended_reason(BadKind kind) noexcept;

/// All kinds but `too_large`.
std::vector<BadKind> default_bad_kinds();

} // namespace millrace::logic::generation
