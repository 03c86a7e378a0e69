#pragma once

#include "logic/core/result.hpp"
#include "node/config/setting_source.hpp"
#include "node/config/setting_table.hpp"

#include <map>
#include <string>
#include <vector>

namespace millrace::node {

/// Where a configuration is read from, in rising precedence: the defaults,
/// the file, the environment, the flags.
struct ConfigInputs {
  std::string file; ///< path; empty: none
  std::map<std::string, std::string> environment;
  std::vector<ConfigFlag> flags;
};

/// What became of the settings in a table's targets.
struct SettingsReport {
  /// For every declared key; where a secret was read from a file, the place
  /// names that file too.
  std::map<std::string, ValueOrigin> origins;
  std::vector<std::string> warnings;
  std::vector<ConfigFault> faults;
};

/// Fills the targets of the table. All faults of all sources are reported,
/// also in values that a later source overrides; a faulty value leaves its
/// target as it was.
SettingsReport load_settings(const SettingTable& table,
                             const ConfigInputs& inputs);

/// Adds what a component's check objects to, each with the origins of the
/// keys that its text names; leaves out what names a key that was faulty
/// already.
void add_check_faults(SettingsReport& report,
                      const std::vector<logic::Error>& found);

} // namespace millrace::node
