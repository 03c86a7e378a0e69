#include "node/commands/commands.hpp"
#include "node/commands/config_options.hpp"
#include "node/verification/delivery_check.hpp"
#include "node/verification/findings_check.hpp"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <iostream>
#include <memory>

namespace millrace::node::commands {

namespace {

struct VerifyOptions {
  std::shared_ptr<ConfigOptions> config;
  DeliveryCheckOptions check;
  FindingsCheckOptions findings;
  bool exactly_once = false;
  bool at_least_once = false;
  double patience_seconds = 15.0;
};

void declare(CLI::App& command, VerifyOptions& options) {
  auto* exactly = command.add_flag("--exactly-once", options.exactly_once,
                                   "a record that ended twice is a fault");
  command
    .add_flag("--at-least-once", options.at_least_once,
              "a record may end more than once (default)")
    ->excludes(exactly);
  command
    .add_option("--from", options.check.from,
                "first offset that is judged, in each input partition")
    ->check(CLI::NonNegativeNumber)
    ->type_name("OFFSET");
  command
    .add_option("--to", options.check.to,
                "first offset that is judged no longer")
    ->check(CLI::NonNegativeNumber)
    ->type_name("OFFSET");
  command
    .add_option("--expect-dead", options.check.expect_dead,
                "fail unless there are so many dead letters")
    ->check(CLI::NonNegativeNumber)
    ->type_name("COUNT");
  command
    .add_option("--offenders", options.check.offender_limit,
                "how many records to list of each fault")
    ->check(CLI::Range(0, 1'000'000))
    ->capture_default_str()
    ->type_name("COUNT");
  command.add_flag("--allow-truncated", options.check.allow_truncated,
                   "succeed although retention has removed part of the proof");
  command.add_flag("--json", options.check.json,
                   "print the report as one JSON object");
  command
    .add_option("--findings-of", options.findings.topic,
                "instead, compare what was found with this topic's outputs, of "
                "one node that read the same input")
    ->type_name("TOPIC");
  command
    .add_option("--findings-share", options.findings.share,
                "share of each rule's findings that must agree")
    ->check(CLI::Range(0.0, 1.0))
    ->capture_default_str()
    ->type_name("SHARE");
  command
    .add_option("--patience", options.patience_seconds,
                "seconds to wait for a silent broker")
    ->check(CLI::Range(0.1, 3600.0))
    ->capture_default_str()
    ->type_name("SECONDS");
}

ExitCode run(VerifyOptions& options) {
  const auto loaded = load_config(*options.config);
  if (!accept_config(loaded, std::cerr))
    return ExitCode::invalid_config;
  if (options.exactly_once)
    options.check.guarantee = logic::verification::Guarantee::exactly_once;
  options.check.member_prefix = loaded.config.encoding.member_prefix;
  options.check.patience = std::chrono::milliseconds{
    static_cast<std::int64_t>(options.patience_seconds * 1000.0)};
  if (!options.findings.topic.empty()) {
    options.findings.member_prefix = options.check.member_prefix;
    options.findings.patience = options.check.patience;
    return report_findings(loaded.config.kafka, options.findings, std::cout,
                           std::cerr);
  }
  return report_delivery(loaded.config.kafka, options.check, std::cout,
                         std::cerr);
}

} // namespace

void add_verify(CLI::App& app, ExitCode& outcome) {
  auto* command = app.add_subcommand(
    "verify", "Prove from the topics that every input ended exactly (or at "
              "least) once, in order and unharmed.");
  auto options = std::make_shared<VerifyOptions>();
  options->config = add_config_options(*command);
  declare(*command, *options);
  command->callback([options, &outcome] { outcome = run(*options); });
}

} // namespace millrace::node::commands
