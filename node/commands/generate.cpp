#include "node/commands/commands.hpp"
#include "node/commands/config_options.hpp"
#include "node/lifecycle/signals.hpp"
#include "node/load/load_run.hpp"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>
#include <iostream>
#include <memory>

namespace millrace::node::commands {

namespace {

using logic::Error;
using logic::ErrorCode;
using logic::Result;
using logic::generation::LoginGenerator;

/// Fifty years: times begin in 1970.
constexpr double longest_span_hours = 50.0 * 365.0 * 24.0;

struct GenerateOptions {
  std::shared_ptr<ConfigOptions> config;
  LoadOptions load;
  std::string topic;
  std::string lines_file;
  bool repeat_lines = false;
  bool once = false; ///< the default, still accepted
  std::vector<std::string> bad_kinds;
  std::string truth_file;
  double event_span_hours = 0.0;
};

void declare_stories(CLI::App& command,
                     logic::generation::StoryCounts& stories) {
  command.add_option("--travellers", stories.travellers,
                     "users in two far cities within an hour");
  command.add_option("--bursts", stories.bursts,
                     "users with many logins within a minute");
  command.add_option("--odd-devices", stories.odd_devices,
                     "established users on a device never seen, elsewhere");
  command.add_option("--brute-forces", stories.brute_forces,
                     "users at whom 60 logins fail in 20 minutes");
  command.add_option("--break-ins", stories.break_ins,
                     "the same, and then a success");
  command.add_option("--sprays", stories.sprays,
                     "addresses that fail at 200 users in 200 seconds");
  command.add_option("--new-countries", stories.new_countries,
                     "established users on another device abroad");
  command.add_option("--holidays", stories.holidays,
                     "innocent: days abroad on the own device");
  command.add_option("--forgotten-passwords", stories.forgotten_passwords,
                     "innocent: a few failures at home, then a success");
  command.add_option("--home-devices", stories.home_devices,
                     "innocent: a new device at home");
}

void declare_stream(CLI::App& command, GenerateOptions& options) {
  auto& generator = options.load.generator;
  const auto share = CLI::Range(0.0, 1.0);
  command.add_option("--seed", generator.seed, "equal seeds, equal events")
    ->capture_default_str();
  command
    .add_option("--bad-share", generator.bad_share,
                "share of records spoiled on purpose, 0 to 1")
    ->check(share)
    ->capture_default_str();
  command
    .add_option("--bad", options.bad_kinds,
                "how to spoil them, by the words of docs/generate.md; all but "
                "too_large if not given")
    ->delimiter(',')
    ->type_name("KIND,...");
  command
    .add_option("--no-device-type-share", generator.no_device_type_share,
                "share of events without device_type")
    ->check(share)
    ->capture_default_str();
  command
    .add_option("--too-large-bytes", generator.too_large_bytes,
                "length of a too_large value")
    ->capture_default_str();
  command
    .add_option("--population", generator.population,
                "returning users with a home; 0: every user is new")
    ->capture_default_str();
  command
    .add_option("--failure-share", generator.failure_share,
                "share of ordinary logins that fail; above 0 events tell their "
                "outcome")
    ->check(share)
    ->capture_default_str();
  declare_stories(command, generator.stories);
  command
    .add_option("--truth", options.truth_file,
                "write the planted stories to this file, a JSON object a line")
    ->type_name("FILE");
  command
    .add_option("--event-span", options.event_span_hours,
                "let the events cover so many hours up to now; needs --count")
    ->check(CLI::Range(0.0, longest_span_hours))
    ->type_name("HOURS");
}

void declare(CLI::App& command, GenerateOptions& options) {
  auto& load = options.load;
  command.add_option("--topic", options.topic,
                     "topic to write to; else kafka.input_topic");
  command
    .add_option("--rate", load.rate, "events a second; 0: as fast as possible")
    ->check(CLI::Range(0.0, 1e7))
    ->capture_default_str();
  command.add_option("--count", load.count, "events in all; 0: until stopped")
    ->capture_default_str();
  declare_stream(command, options);
  auto* lines = command
                  .add_option("--file", options.lines_file,
                              "send the lines of this file instead, once")
                  ->type_name("FILE");
  auto* repeat = command
                   .add_flag("--repeat", options.repeat_lines,
                             "send the lines of the file over and over")
                   ->needs(lines);
  command.add_flag("--once", options.once, "send the lines once (the default)")
    ->needs(lines)
    ->excludes(repeat);
  command.add_flag("--stdout", load.to_stdout,
                   "print the values as lines, without Kafka");
  command.add_flag("-q,--quiet", load.quiet, "no progress on stderr");
}

Result<std::shared_ptr<const std::vector<std::string>>>
read_lines(const std::string& path) {
  constexpr std::uint64_t limit_bytes = 1ULL << 30U;
  std::ifstream file{path};
  auto lines = std::make_shared<std::vector<std::string>>();
  std::uint64_t bytes = 0;
  for (std::string line; std::getline(file, line);) {
    bytes += line.size();
    if (bytes > limit_bytes)
      return Error{ErrorCode::invalid_argument,
                   "\"" + path + "\" holds more than 1 GiB"};
    lines->push_back(std::move(line));
  }
  if (!file.eof())
    return Error{ErrorCode::io_failed, "cannot read \"" + path + "\""};
  return std::shared_ptr<const std::vector<std::string>>{std::move(lines)};
}

/// Fills in what the generator needs from what the options say.
Result<void> complete(GenerateOptions& options) {
  auto& load = options.load;
  auto& generator = load.generator;
  if (!options.bad_kinds.empty())
    generator.bad_kinds.clear();
  for (const auto& name : options.bad_kinds) {
    const auto kind = logic::generation::parse_bad_kind(name);
    if (!kind)
      return Error{ErrorCode::invalid_argument,
                   "\"" + name
                     + "\" is no kind of bad record; "
                       "docs/generate.md lists them"};
    generator.bad_kinds.push_back(*kind);
  }
  if (!options.lines_file.empty()) {
    auto lines = read_lines(options.lines_file);
    if (!lines)
      return lines.error();
    generator.lines = *lines;
    generator.cycle_lines = options.repeat_lines;
  }
  load.event_span = std::chrono::milliseconds{
    static_cast<std::int64_t>(options.event_span_hours * 3'600'000.0)};
  if (load.event_span.count() != 0 && load.count == 0)
    return Error{ErrorCode::invalid_argument, "--event-span needs --count"};
  if (load.count != 0)
    generator.story_horizon = load.count;
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count();
  generator.start_time_ms = now_ms - load.event_span.count();
  if (load.event_span.count() != 0)
    generator.event_interval_us = load.event_span.count() * 1000
                                  / static_cast<std::int64_t>(load.count);
  else if (load.rate > 0.0)
    generator.event_interval_us = static_cast<std::int64_t>(1e6 / load.rate);
  return {};
}

Result<void> write_truth(const std::string& path,
                         const LoginGenerator& generator) {
  std::ofstream file{path};
  for (const auto& story : generator.stories()) {
    boost::json::object line;
    line["kind"] = to_string(story.kind);
    if (story.address.empty())
      line["user_id"] = story.user_id;
    else
      line["address"] = story.address;
    if (const auto rule = expected_rule(story.kind))
      line["rule"] = to_string(*rule);
    else
      line["rule"] = nullptr;
    line["records"] = boost::json::array(story.records.begin(),
                                         story.records.end());
    file << boost::json::serialize(line) << '\n';
  }
  file.flush();
  if (!file)
    return Error{ErrorCode::io_failed, "cannot write \"" + path + "\""};
  return {};
}

ExitCode refuse(const Error& error, ExitCode code) {
  std::cerr << "error: cannot generate: " << error.text << std::endl;
  return code;
}

ExitCode run(GenerateOptions& options) {
  if (!options.topic.empty())
    options.config->shorts.push_back(
      {"kafka.input_topic=" + options.topic, "--topic"});
  const auto loaded = load_config(*options.config);
  if (!accept_config(loaded, std::cerr))
    return ExitCode::invalid_config;
  if (auto completed = complete(options); !completed)
    return refuse(completed.error(),
                  completed.error().code == ErrorCode::io_failed
                    ? ExitCode::unavailable
                    : ExitCode::usage);
  auto generator = LoginGenerator::create(options.load.generator);
  if (!generator)
    return refuse(generator.error(), ExitCode::usage);
  if (!options.truth_file.empty())
    if (auto written = write_truth(options.truth_file, *generator); !written)
      return refuse(written.error(), ExitCode::failure);
  // Before the Kafka client starts its threads: they inherit the mask.
  auto signals = SignalWaiter::create();
  if (!signals)
    return refuse(signals.error(), ExitCode::failure);
  std::unique_ptr<LoadSink> sink;
  if (options.load.to_stdout)
    sink = make_line_sink(std::cout);
  else if (auto opened = open_kafka_sink(loaded.config.kafka, options.load))
    sink = std::move(*opened);
  else
    return refuse(opened.error(), ExitCode::unavailable);
  const StopWaiter stop = [&signals](std::chrono::microseconds timeout) {
    return (*signals)
      ->wait(std::chrono::duration_cast<std::chrono::milliseconds>(timeout))
      .asks_to_stop();
  };
  return run_load(*generator, options.load, *sink, stop, std::cerr);
}

} // namespace

void add_generate(CLI::App& app, ExitCode& outcome) {
  auto* command = app.add_subcommand(
    "generate", "Write login events to a topic, as the real generator does, "
                "with bad records and oddities as wanted.");
  auto options = std::make_shared<GenerateOptions>();
  options->config = add_config_options(*command);
  declare(*command, *options);
  command->callback([options, &outcome] { outcome = run(*options); });
}

} // namespace millrace::node::commands
