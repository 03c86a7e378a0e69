#pragma once

#include "node/config/load_config.hpp"
#include "node/config/setting_table.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace millrace::node {

enum class ShowFormat {
  text, ///< a line per setting with its origin
  yaml, ///< a settings file that gives the same values, secrets left out
  json, ///< one object: valid, settings, warnings, faults
};

/// The values in the table's targets with the origins that the report knows.
/// Secrets are masked in every format. Ends with a line end.
std::string show_settings(const SettingTable& table,
                          const SettingsReport& report, ShowFormat format);

/// The same of a whole configuration.
std::string show_config(const LoadedConfig& loaded, ShowFormat format);

} // namespace millrace::node
