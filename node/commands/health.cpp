#include "adapters/kafka/topic_admin.hpp"
#include "logic/core/json_text.hpp"
#include "node/commands/commands.hpp"
#include "node/commands/config_options.hpp"
#include "node/commands/node_request.hpp"
#include "node/config/quantity.hpp"

#include <CLI/Error.hpp>
#include <CLI/Option.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace millrace::node::commands {

namespace {

namespace kafka = adapters::kafka;

using logic::Error;
using logic::ErrorCode;

struct HealthOptions {
  std::shared_ptr<ConfigOptions> config;
  std::string url; ///< empty: as the configuration says
  std::chrono::milliseconds deadline{3'000};
  bool live = false;
  bool ready = false; ///< the default
  bool broker = false;
};

ExitCode refuse(const Error& error) {
  std::cerr << "error: " << error.text << std::endl;
  return error.code == ErrorCode::unavailable ? ExitCode::unavailable
                                              : ExitCode::failure;
}

/// Where a node with this configuration can be asked from its own machine.
NodeUrl url_of(const HttpConfig& config, std::string_view page) {
  NodeUrl url;
  if (config.address != "0.0.0.0")
    url.host = config.address;
  url.port = static_cast<std::uint16_t>(config.port);
  url.path = page;
  return url;
}

/// The words of a node that is not ready; else what the answer was.
std::string reason_of(const NodeAnswer& answer) {
  boost::system::error_code fault;
  const auto page = boost::json::parse(answer.body, fault);
  if (const auto* object = page.if_object(); !fault && object != nullptr)
    if (const auto* reason = object->if_contains("reason");
        reason != nullptr && reason->is_string())
      return std::string{reason->get_string()};
  return "HTTP status " + std::to_string(answer.status) + ' '
         + logic::quoted(answer.body, 200);
}

ExitCode ask_health(const HealthOptions& options, const NodeUrl& url) {
  const auto answer = ask_node(url, options.deadline);
  if (!answer)
    return refuse(answer.error().code == ErrorCode::unavailable
                    ? answer.error()
                    : Error{ErrorCode::malformed,
                            "what answers at " + url.text() + " is no "
                              + "node: " + answer.error().text});
  const std::string word = options.live ? "live" : "ready";
  if (answer->status == 200) {
    std::cout << word << std::endl;
    return ExitCode::success;
  }
  return refuse(
    {ErrorCode::invalid_argument, "not " + word + ": " + reason_of(*answer)});
}

ExitCode ask_broker(const HealthOptions& options,
                    const kafka::KafkaConfig& config) {
  const auto asked = kafka::health_check_config(config);
  const auto admin = kafka::TopicAdmin::open(asked);
  if (!admin)
    return refuse(admin.error());
  const auto reached = (*admin)->check_reachable(options.deadline);
  if (!reached)
    return refuse(reached.error());
  std::cout << "broker " << asked.bootstrap_servers << " answers" << std::endl;
  return ExitCode::success;
}

ExitCode run(const HealthOptions& options) {
  const std::string_view page = options.live ? "/health/live" : "/health/ready";
  if (!options.url.empty()) {
    const auto url = parse_node_url(options.url, page);
    return url ? ask_health(options, *url) : refuse(url.error());
  }
  const auto loaded = load_config(*options.config);
  // Warnings are the node's to tell, once, and not every few seconds.
  if (!loaded.faults.empty()) {
    accept_config(loaded, std::cerr);
    return ExitCode::invalid_config;
  }
  if (options.broker)
    return ask_broker(options, loaded.config.kafka);
  const auto& http = loaded.config.http;
  if (!http.enabled || http.port == 0)
    return refuse({ErrorCode::invalid_argument,
                   "the configuration names no port to ask (http.enabled, "
                   "http.port); say where by --url"});
  return ask_health(options, url_of(http, page));
}

void declare(CLI::App& command, HealthOptions& options) {
  auto* url = command.add_option_function<std::string>(
    "--url",
    [&options](const std::string& text) {
      if (const auto parsed = parse_node_url(text, ""); !parsed)
        throw CLI::ValidationError("--url", parsed.error().text);
      options.url = text;
    },
    "where the node serves (default: http.port of the configuration)");
  url->type_name("URL");
  auto* live = command.add_flag("--live", options.live,
                                "whether it goes on working at all");
  auto* ready = command.add_flag("--ready", options.ready,
                                 "whether it takes work (default)");
  ready->excludes(live);
  command
    .add_flag("--broker", options.broker,
              "ask the broker instead: kafka.bootstrap_host and _port, else "
              "kafka.bootstrap_servers")
    ->excludes(url)
    ->excludes(live)
    ->excludes(ready);
  command
    .add_option_function<std::string>(
      "--deadline",
      [&options](const std::string& text) {
        const auto duration = parse_duration(text);
        if (!duration || duration->count() < 1
            || *duration > std::chrono::hours{1})
          throw CLI::ValidationError("--deadline",
                                     "expected a duration from 1ms to 1h, got '"
                                       + text + "'");
        options.deadline = *duration;
      },
      "how long to wait for an answer (default 3s)")
    ->type_name("DURATION");
}

} // namespace

void add_health(CLI::App& app, ExitCode& outcome) {
  auto* command = app.add_subcommand(
    "health", "Tell by the exit code whether a node is ready, or live, or "
              "whether its broker answers; for health checks of containers.");
  auto options = std::make_shared<HealthOptions>();
  options->config = add_config_options(*command);
  declare(*command, *options);
  command->callback([options, &outcome] { outcome = run(*options); });
}

} // namespace millrace::node::commands
