#include "node/config/load_config.hpp"

#include <string>

namespace millrace::node {

namespace {

/// What works, and hardly as somebody wants it.
void add_cautions(LoadedConfig& loaded) {
  const auto& config = loaded.config;
  const auto share = config.flow.memory_plan().in_flight_bytes();
  if (static_cast<std::int64_t>(config.kafka.max_message.bytes) > share)
    loaded.warnings.push_back(
      "kafka.max_message (" + std::to_string(config.kafka.max_message.bytes)
      + " bytes) allows records larger than what flow.memory_budget has for "
        "all that is in flight ("
      + std::to_string(share)
      + " bytes): such a record passes alone, while all others wait, and takes "
        "the node beyond its budget; raise flow.memory_budget, or lower "
        "kafka.max_message and the topics' max.message.bytes");
}

} // namespace

LoadedConfig load_config(const ConfigInputs& inputs) {
  LoadedConfig loaded;
  const SettingTable table{loaded.config};
  static_cast<SettingsReport&>(loaded) = load_settings(table, inputs);
  add_check_faults(loaded, check(loaded.config));
  add_cautions(loaded);
  return loaded;
}

} // namespace millrace::node
