#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::logic {

/// Why a record went to the dead-letter topic. The text form is part of the
/// public interface (header `millrace.reason`, metric label): append only.
enum class Reason : std::uint8_t {
  tombstone, ///< null value
  empty_value, ///< a value of no bytes, or only blanks
  too_large, ///< value longer than `validation.max_value_bytes`
  invalid_utf8, ///< bytes that are not UTF-8, or half a surrogate pair
  not_json, ///< not one JSON document
  too_deep, ///< nested deeper than `validation.max_depth`
  not_an_object, ///< JSON, but not an object
  duplicate_member, ///< a member that we read occurs twice
  missing_field, ///< a required field is absent, null or an empty text
  wrong_type, ///< a field has another JSON type than it must have
  invalid_user_id,
  invalid_timestamp,
  invalid_address,
  invalid_text, ///< NUL or another control character in a field we read
  output_too_large, ///< the enriched record exceeds the output's limit
  delivery_failed, ///< retries used up, or refused by the broker for good
  poison, ///< crashes a stage
  field_too_long, ///< a field longer than `validation.max_field_bytes`
};

inline constexpr std::size_t reason_count = 18;

/// "tombstone", "empty_value", ...
std::string_view to_string(Reason reason) noexcept;

} // namespace millrace::logic
