#include "node/commands/commands.hpp"
#include "node/commands/config_options.hpp"
#include "node/commands/connect_check.hpp"
#include "node/config/quantity.hpp"
#include "node/config/reference_page.hpp"
#include "node/config/show_config.hpp"
#include "node/config/words.hpp"
#include "node/lifecycle/node_files.hpp"

#include <CLI/Error.hpp>
#include <CLI/Option.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <string>

namespace millrace::node::commands {

namespace {

struct CheckOptions {
  std::shared_ptr<ConfigOptions> config;
  ShowFormat format = ShowFormat::text;
  bool connect = false;
  std::chrono::milliseconds deadline{10'000}; ///< of each connection
  bool reference = false;
};

std::size_t count_changed(const LoadedConfig& loaded) {
  return static_cast<std::size_t>(std::count_if(
    loaded.origins.begin(), loaded.origins.end(), [](const auto& entry) {
      return entry.second.kind != ValueOrigin::Kind::default_value;
    }));
}

/// A line per item; on the error output where the standard output carries a
/// document.
ExitCode try_connections(const LoadedConfig& loaded,
                         std::chrono::milliseconds deadline, std::ostream& to) {
  bool all_reached = true;
  for (const auto& item : check_connections(loaded.config, deadline)) {
    to << (item.reached ? "ok      " : "failed  ") << item.name << ": "
       << item.text << std::endl;
    all_reached = all_reached && item.reached;
  }
  return all_reached ? ExitCode::success : ExitCode::unavailable;
}

/// What is only read at the start may be absent where the check runs: no fault,
/// but worth a word.
void warn_of_files(const NodeConfig& config) {
  const auto warn = [](const char* key, const auto& opened) {
    if (!opened)
      std::cerr << "warning: " << key << ": " << opened.error().text
                << "; the node would not start" << std::endl;
  };
  warn("geoip.files", open_geo(config.geoip));
  warn("detection.model_file", open_model(config.detection));
  warn("detection.quiet_networks",
       open_quiet_networks(config.detection.quiet_networks));
}

ExitCode check_config(const CheckOptions& options) {
  if (options.reference) {
    std::cout << reference_page();
    return ExitCode::success;
  }
  const auto loaded = load_config(*options.config);
  const bool is_text = options.format == ShowFormat::text;
  if (options.format == ShowFormat::json)
    std::cout << show_config(loaded, options.format) << std::flush;
  if (!accept_config(loaded, std::cerr))
    return ExitCode::invalid_config;
  if (options.format != ShowFormat::json)
    std::cout << show_config(loaded, options.format);
  if (is_text)
    std::cout << "the configuration is valid: " << loaded.origins.size()
              << " settings, " << count_changed(loaded)
              << " of them set, the rest defaults" << std::endl;
  if (!options.connect)
    warn_of_files(loaded.config);
  return options.connect ? try_connections(loaded, options.deadline,
                                           is_text ? std::cout : std::cerr)
                         : ExitCode::success;
}

} // namespace

void add_check(CLI::App& app, ExitCode& outcome) {
  auto* command = app.add_subcommand(
    "check", "Check the configuration and print what results from it, with "
             "the origin of every value and secrets masked. Starts nothing.");
  auto options = std::make_shared<CheckOptions>();
  options->config = add_config_options(*command);
  command
    ->add_option_function<std::string>(
      "--format",
      [options](const std::string& text) {
        const std::map<std::string, ShowFormat> formats{
          {"text", ShowFormat::text},
          {"yaml", ShowFormat::yaml},
          {"json", ShowFormat::json}};
        const auto found = formats.find(lower_case(text));
        if (found == formats.end())
          throw CLI::ValidationError(
            "--format", "expected text, yaml or json, got '" + text + "'");
        options->format = found->second;
      },
      "text (default), yaml (a settings file), or json")
    ->type_name("FORMAT");
  command->add_flag(
    "--connect", options->connect,
    "also try the broker, topics and the files that the node reads");
  command
    ->add_option_function<std::string>(
      "--deadline",
      [options](const std::string& text) {
        const auto deadline = parse_duration(text);
        if (!deadline || deadline->count() <= 0)
          throw CLI::ValidationError("--deadline", "expected a duration such "
                                                   "as 500ms or 5s, got '"
                                                     + text + "'");
        options->deadline = *deadline;
      },
      "how long --connect waits for each (default 10s)")
    ->type_name("DURATION");
  command->add_flag("--reference", options->reference,
                    "print docs/configuration.md instead");
  command->callback([options, &outcome] { outcome = check_config(*options); });
}

} // namespace millrace::node::commands
