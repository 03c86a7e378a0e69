#pragma once

#include "logic/core/actor_table.hpp"

#include <array>
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

struct ReasonTraits {
  Reason reason = Reason::tombstone;
  std::string_view name;
  /// Who gives the record up for it. Of `poison` it is not known beforehand:
  /// the batch names the stage.
  ActorKind stage = ActorKind::validator;
};

/// By `Reason`.
inline constexpr std::array reason_table{
  ReasonTraits{Reason::tombstone, "tombstone", ActorKind::validator},
  ReasonTraits{Reason::empty_value, "empty_value", ActorKind::validator},
  ReasonTraits{Reason::too_large, "too_large", ActorKind::validator},
  ReasonTraits{Reason::invalid_utf8, "invalid_utf8", ActorKind::validator},
  ReasonTraits{Reason::not_json, "not_json", ActorKind::validator},
  ReasonTraits{Reason::too_deep, "too_deep", ActorKind::validator},
  ReasonTraits{Reason::not_an_object, "not_an_object", ActorKind::validator},
  ReasonTraits{Reason::duplicate_member, "duplicate_member",
               ActorKind::validator},
  ReasonTraits{Reason::missing_field, "missing_field", ActorKind::validator},
  ReasonTraits{Reason::wrong_type, "wrong_type", ActorKind::validator},
  ReasonTraits{Reason::invalid_user_id, "invalid_user_id",
               ActorKind::validator},
  ReasonTraits{Reason::invalid_timestamp, "invalid_timestamp",
               ActorKind::validator},
  ReasonTraits{Reason::invalid_address, "invalid_address",
               ActorKind::validator},
  ReasonTraits{Reason::invalid_text, "invalid_text", ActorKind::validator},
  ReasonTraits{Reason::output_too_large, "output_too_large",
               ActorKind::encoder},
  ReasonTraits{Reason::delivery_failed, "delivery_failed", ActorKind::producer},
  ReasonTraits{Reason::poison, "poison", ActorKind::validator},
  ReasonTraits{Reason::field_too_long, "field_too_long", ActorKind::validator},
};

inline constexpr std::size_t reason_count = reason_table.size();

static_assert(
  [] {
    for (std::size_t index = 0; index != reason_count; ++index)
      if (static_cast<std::size_t>(reason_table[index].reason) != index)
        return false;
    return true;
  }(),
  "reason_table is indexed by Reason");

/// "tombstone", "empty_value", ...
constexpr std::string_view to_string(Reason reason) noexcept {
  return reason_table[static_cast<std::size_t>(reason)].name;
}

constexpr std::string_view stage_of(Reason reason) noexcept {
  return name_of(reason_table[static_cast<std::size_t>(reason)].stage);
}

} // namespace millrace::logic
