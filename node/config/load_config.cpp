#include "node/config/load_config.hpp"

namespace millrace::node {

LoadedConfig load_config(const ConfigInputs& inputs) {
  LoadedConfig loaded;
  const SettingTable table{loaded.config};
  static_cast<SettingsReport&>(loaded) = load_settings(table, inputs);
  add_check_faults(loaded, check(loaded.config));
  return loaded;
}

} // namespace millrace::node
