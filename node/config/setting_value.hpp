#pragma once

#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Texts into typed settings and back.
namespace millrace::node {

/// What a source said of a setting, before it is known what was wanted.
struct RawValue {
  enum class Kind {
    nothing, ///< the key without a value
    text, ///< `text`
    list, ///< `items`
    structure, ///< something nested; `text` names it ("a map")
  };
  Kind kind = Kind::text;
  std::string text;
  std::vector<std::string> items;
};

/// The items of a comma-separated list, blanks around them cut; `\,` stands
/// for a comma inside an item. Nothing when an item is empty.
std::optional<std::vector<std::string>> parse_list(std::string_view text);

/// Sets the target, or says what was expected and what was got; the target is
/// then as it was. A secret's value is not repeated.
logic::Result<void> read_value(const logic::Setting& setting,
                               const RawValue& value,
                               const logic::SettingTarget& target);

/// The value as `read_value` would take it.
std::string render_value(const logic::SettingTarget& target);

/// Whether it holds an empty text or list.
bool is_empty(const logic::SettingTarget& target);

/// "duration", "size", "whole number", "text", ... for the reference page.
std::string_view type_name(const logic::SettingTarget& target);

/// "1 to 100", "at least 10ms", "`earliest`, `latest`", or nothing.
std::string allowed_values(const logic::Setting& setting,
                           const logic::SettingTarget& target);

} // namespace millrace::node
