#include "node/commands/config_options.hpp"

#include "node/config/words.hpp"

#include <CLI/Option.hpp>

#include <array>
#include <map>

#include <unistd.h>

namespace millrace::node::commands {

namespace {

struct ShortHand {
  const char* flag;
  const char* key;
  const char* help;
};

constexpr std::array<ShortHand, 6> short_hands{{
  {"--bootstrap-servers", "kafka.bootstrap_servers",
   "Kafka brokers, host:port,..."},
  {"--input-topic", "kafka.input_topic", "topic that is read"},
  {"--output-topic", "kafka.output_topic", "topic for the enriched events"},
  {"--dlq-topic", "kafka.dlq_topic", "topic for the dead letters"},
  {"--group", "kafka.consumer_group", "consumer group"},
  {"--log-level", "log.level", "debug, info, warn, error or fatal"},
}};

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text{*entry};
    const auto equals = text.find('=');
    if (equals != std::string::npos)
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

} // namespace

std::shared_ptr<ConfigOptions> add_config_options(CLI::App& command) {
  auto options = std::make_shared<ConfigOptions>();
  constexpr const char* group = "Configuration";
  command
    .add_option("-c,--config", options->file,
                "settings file (YAML); else the variable MILLRACE_CONFIG")
    ->group(group)
    ->type_name("FILE")
    ->check([](const std::string& path) {
      // Of a shell's variable that is not set.
      return path.empty() ? "expected a file, got an empty text"
                          : std::string{};
    });
  // Without this a second --set would be swallowed as a value of the first.
  command
    .add_option("--set", options->sets,
                "one setting, may be repeated; docs/configuration.md lists all")
    ->group(group)
    ->type_name("SECTION.KEY=VALUE")
    ->expected(1)
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  for (const auto& [flag, key, help] : short_hands)
    command
      .add_option_function<std::string>(
        flag,
        [options, name = std::string{flag},
         setting = std::string{key}](const std::string& value) {
          options->shorts.push_back({setting + "=" + value, name});
        },
        help)
      ->group(group)
      ->type_name("TEXT");
  return options;
}

LoadedConfig load_config(const ConfigOptions& options) {
  ConfigInputs inputs;
  inputs.environment = process_environment();
  inputs.file = options.file;
  if (const auto named = inputs.environment.find("MILLRACE_CONFIG");
      inputs.file.empty() && named != inputs.environment.end())
    inputs.file = trimmed(named->second);
  for (const auto& assignment : options.sets)
    inputs.flags.push_back({assignment});
  inputs.flags.insert(inputs.flags.end(), options.shorts.begin(),
                      options.shorts.end());
  return node::load_config(inputs);
}

bool accept_config(const LoadedConfig& loaded, std::ostream& to) {
  for (const auto& warning : loaded.warnings)
    to << "warning: " << warning << '\n';
  for (const auto& fault : loaded.faults)
    to << "error: " << to_string(fault) << '\n';
  if (loaded.faults.empty())
    return true;
  to << "the configuration was refused: " << loaded.faults.size()
     << (loaded.faults.size() == 1 ? " fault" : " faults") << std::endl;
  return false;
}

} // namespace millrace::node::commands
