#include "logic/generation/bad_record.hpp"

#include <array>

namespace millrace::logic::generation {

namespace {

struct BadKindEntry {
  std::string_view name;
  Reason reason;
};

/// In the order of the enumerators.
constexpr std::array<BadKindEntry, bad_kind_count> entries{{
  {"tombstone", Reason::tombstone},
  {"empty_value", Reason::empty_value},
  {"garbage_bytes", Reason::invalid_utf8},
  {"invalid_utf8", Reason::invalid_utf8},
  {"garbage_text", Reason::not_json},
  {"truncated", Reason::not_json},
  {"too_deep", Reason::too_deep},
  {"not_an_object", Reason::not_an_object},
  {"duplicate_member", Reason::duplicate_member},
  {"missing_field", Reason::missing_field},
  {"wrong_type", Reason::wrong_type},
  {"invalid_user_id", Reason::invalid_user_id},
  {"future_timestamp", Reason::invalid_timestamp},
  {"invalid_address", Reason::invalid_address},
  {"invalid_text", Reason::invalid_text},
  {"too_large", Reason::too_large},
}};

const BadKindEntry& entry_of(BadKind kind) noexcept {
  return entries[static_cast<std::size_t>(kind)];
}

} // namespace

std::string_view to_string(BadKind kind) noexcept {
  return entry_of(kind).name;
}

std::optional<BadKind> parse_bad_kind(std::string_view name) noexcept {
  for (std::size_t index = 0; index != bad_kind_count; ++index)
    if (entries[index].name == name)
      return static_cast<BadKind>(index);
  return std::nullopt;
}

Reason intended_reason(BadKind kind) noexcept {
  return entry_of(kind).reason;
}

std::vector<BadKind> default_bad_kinds() {
  std::vector<BadKind> kinds;
  for (std::size_t index = 0; index != bad_kind_count; ++index)
    if (static_cast<BadKind>(index) != BadKind::too_large)
      kinds.push_back(static_cast<BadKind>(index));
  return kinds;
}

} // namespace millrace::logic::generation
