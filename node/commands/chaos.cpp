#include "node/chaos/fault_list.hpp"
#include "node/chaos/poison_ledger.hpp"
#include "node/chaos/shrink_run.hpp"
#include "node/chaos/storm_run.hpp"
#include "node/commands/commands.hpp"
#include "node/commands/config_options.hpp"
#include "node/config/quantity.hpp"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace millrace::node::commands {

namespace {

using chaos::StormOptions;
using logic::Error;
using logic::ErrorCode;
using logic::Result;
using logic::faults::FaultKind;
using logic::faults::FaultMix;
using logic::faults::StormConfig;
using logic::faults::TimedFault;
using std::chrono::milliseconds;

/// A storm can plant poison records, which others who draw faults cannot.
FaultMix default_mix() {
  auto mix = logic::faults::default_mix();
  mix[FaultKind::throw_on_match] = 2;
  return mix;
}

struct ChaosOptions {
  std::shared_ptr<ConfigOptions> config;
  std::uint64_t seed = 1;
  std::uint32_t faults = 300;
  std::string duration; ///< empty: 60 s, or as long as the orders take
  std::string mix = to_string(default_mix());
  std::string orders_file;
  double rate = 20'000.0;
  double bad_share = 0.02;
  bool timeline = false;
  bool list = false;
  std::optional<bool> shrink;
  std::uint32_t shrink_runs = 60;
  std::uint32_t shrink_repeats = 1;
};

/// What the options and the configuration come to.
struct Plan {
  LoadedConfig loaded;
  StormOptions storm;
  std::vector<std::string> again; ///< arguments that run the same storm
  std::vector<std::string> rerun; ///< the same but for the list of faults
};

std::uint32_t workers_of(const NodeConfig& config) {
  return config.flow.worker_count(std::thread::hardware_concurrency());
}

/// Arguments that lead to the same configuration, on any machine. Passwords
/// have no meaning here and are not shown.
void append_config(std::vector<std::string>& words, const Plan& plan,
                   const ConfigOptions& options) {
  if (!options.file.empty())
    words.insert(words.end(), {"--config", options.file});
  std::vector<std::string> assignments = options.sets;
  for (const auto& flag : options.shorts)
    assignments.push_back(flag.assignment);
  assignments.push_back("flow.workers="
                        + std::to_string(workers_of(plan.loaded.config)));
  for (const auto& assignment : assignments)
    if (assignment.find("password=") == std::string::npos
        && assignment.find("token=") == std::string::npos)
      words.insert(words.end(), {"--set", assignment});
}

std::string plain(double number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

void write_words(Plan& plan, const ChaosOptions& options) {
  std::vector<std::string> common{"millrace",    "chaos",
                                  "--seed",      std::to_string(options.seed),
                                  "--rate",      plain(options.rate),
                                  "--bad-share", plain(options.bad_share)};
  append_config(common, plan, *options.config);
  plan.rerun = common;
  plan.again = std::move(common);
  if (options.orders_file.empty())
    plan.again.insert(plan.again.end(),
                      {"--faults", std::to_string(options.faults), "--mix",
                       options.mix, "--duration",
                       render_duration(plan.storm.duration)});
  else
    plan.again.insert(plan.again.end(), {"--orders", options.orders_file});
  if (options.orders_file.empty() || options.duration.empty())
    return;
  for (auto* words : {&plan.again, &plan.rerun})
    words->insert(words->end(), {"--duration", options.duration});
}

Result<milliseconds> duration_of(const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration || duration->count() < 1
      || *duration > logic::faults::max_storm_duration)
    return Error{ErrorCode::invalid_argument,
                 "--duration \"" + text
                   + "\" is none (allowed: 1ms to 24h; example: 60s)"};
  return *duration;
}

/// The node of a storm runs in this process.
Error no_judge_left() {
  return {ErrorCode::invalid_argument,
          "a storm cannot have the process die, as nobody would be left to "
          "judge; give the order to a node of its own"};
}

Result<void> draw_storm(Plan& plan, const ChaosOptions& options) {
  auto mix = logic::faults::parse_fault_mix(options.mix);
  if (!mix)
    return mix.error();
  if ((*mix)[FaultKind::die_on_match] != 0)
    return no_judge_left();
  const auto& config = plan.loaded.config;
  StormConfig storm;
  storm.seed = options.seed;
  storm.faults = options.faults;
  storm.duration = plan.storm.duration;
  storm.lanes = workers_of(config);
  storm.detectors = config.detection.enabled ? storm.lanes : 0;
  storm.insights = config.insights.enabled;
  storm.trainer = config.detection.enabled
                  && config.detection.model_file.empty();
  storm.mix = *mix;
  storm.hang.deadline = config.supervision.hang_deadline;
  storm.hang.max_at_once = config.supervision.max_hung > 0 ? 1 : 0;
  if (auto fine = logic::faults::check(storm); !fine)
    return fine;
  plan.storm.faults = logic::faults::make_storm(storm);
  return {};
}

Result<void> read_orders(Plan& plan, const ChaosOptions& options) {
  auto faults = chaos::read_fault_list(options.orders_file);
  if (!faults)
    return faults.error();
  for (const auto& fault : *faults) {
    if (fault.order.kind == FaultKind::die_on_match)
      return no_judge_left();
    if (fault.order.kind == FaultKind::throw_on_match
        && !chaos::can_be_planted(fault.order.match))
      return Error{ErrorCode::invalid_argument,
                   "no record can be planted for \"" + chaos::to_line(fault)
                     + "\": its match must be printable ASCII without double "
                       "quotes and backslashes"};
  }
  plan.storm.faults = *std::move(faults);
  return {};
}

Result<void> make_plan(Plan& plan, const ChaosOptions& options) {
  constexpr milliseconds after_last_order{5'000};
  const bool drawn = options.orders_file.empty();
  auto& storm = plan.storm;
  storm.seed = options.seed;
  storm.rate = options.rate;
  storm.bad_share = options.bad_share;
  storm.terminal = isatty(STDOUT_FILENO) == 1;
  storm.timeline = options.timeline;
  if (!options.duration.empty()) {
    const auto duration = duration_of(options.duration);
    if (!duration)
      return duration.error();
    storm.duration = *duration;
  }
  chaos::arrange_for_storm(plan.loaded, storm);
  if (auto made = drawn ? draw_storm(plan, options)
                        : read_orders(plan, options);
      !made)
    return made;
  if (!drawn && options.duration.empty())
    storm.duration = chaos::end_of(storm.faults) + after_last_order;
  write_words(plan, options);
  storm.again = chaos::shell_line(plan.again);
  return {};
}

ExitCode exit_code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_argument:
      return ExitCode::usage;
    case ErrorCode::io_failed:
    case ErrorCode::unavailable:
    case ErrorCode::timed_out:
    case ErrorCode::not_found:
      return ExitCode::unavailable;
    default:
      return ExitCode::failure;
  }
}

ExitCode refuse(const Error& error) {
  std::cerr << "error: " << error.text << std::endl;
  return exit_code_of(error);
}

ExitCode run_once(Plan plan, SignalWaiter& waiter, bool shrink_unsaid) {
  std::cout << "a storm of " << plan.storm.faults.size() << " faults over "
            << render_duration(plan.storm.duration) << ", seed "
            << plan.storm.seed << ", " << chaos::events_of(plan.storm)
            << " login events" << std::endl;
  const auto report = chaos::run_storm(std::move(plan.loaded), plan.storm,
                                       waiter, std::cout);
  if (!report) {
    std::cerr << "error: the storm proves nothing: " << report.error().text
              << std::endl;
    return exit_code_of(report.error());
  }
  if (!*report) {
    std::cout << "interrupted, no verdict" << std::endl;
    return ExitCode::failure;
  }
  chaos::print_verdict(std::cout, **report);
  if (chaos::complaints(**report).empty())
    return ExitCode::success;
  if (shrink_unsaid)
    std::cout << "\nWith --shrink the smallest list of faults that still "
                 "fails is sought."
              << std::endl;
  return ExitCode::verdict_failed;
}

ExitCode run(const ChaosOptions& options) {
  Plan plan;
  plan.loaded = load_config(*options.config);
  if (!accept_config(plan.loaded, std::cerr))
    return ExitCode::invalid_config;
  if (auto made = make_plan(plan, options); !made)
    return refuse(made.error());
  if (options.list) {
    std::cout << "# " << plan.storm.again << '\n'
              << chaos::to_lines(plan.storm.faults) << std::flush;
    return ExitCode::success;
  }
  // Before any thread exists, so that all inherit the signal mask.
  const auto waiter = SignalWaiter::create();
  if (!waiter)
    return refuse(waiter.error());
  if (!options.shrink.value_or(plan.storm.terminal))
    return run_once(std::move(plan), **waiter, !options.shrink);
  plan.again.emplace_back("--no-shrink");
  plan.rerun.emplace_back("--no-shrink");
  if (options.timeline)
    plan.again.emplace_back("--timeline");
  return chaos::run_and_shrink({plan.again, plan.rerun, plan.storm.faults,
                                options.shrink_runs, options.shrink_repeats},
                               **waiter, std::cout, std::cerr);
}

void declare_storm(CLI::App& command, ChaosOptions& options) {
  command
    .add_option("--seed", options.seed,
                "equal seeds, equal storms (and equal events)")
    ->capture_default_str();
  auto* faults = command
                   .add_option("--faults", options.faults, "how many faults")
                   ->check(CLI::Range(1U, logic::faults::max_storm_faults))
                   ->capture_default_str();
  command
    .add_option("--duration", options.duration,
                "how long faults and load last, for example 20min; default "
                "60s, with --orders until 5 s after the last one is over")
    ->type_name("DURATION");
  auto* mix = command
                .add_option("--mix", options.mix,
                            "how often each kind occurs, against the others")
                ->type_name("KIND=WEIGHT,...")
                ->capture_default_str();
  command
    .add_option("--orders", options.orders_file,
                "do the faults of this file instead, lines such as: at 1200ms "
                "crash encoder 1")
    ->type_name("FILE")
    ->excludes(faults)
    ->excludes(mix);
  command.add_option("--rate", options.rate, "events a second")
    ->check(CLI::Range(1.0, 1e6))
    ->capture_default_str();
  command
    .add_option("--bad-share", options.bad_share,
                "share of events spoiled on purpose, 0 to 1")
    ->check(CLI::Range(0.0, 1.0))
    ->capture_default_str();
}

void declare_output(CLI::App& command, ChaosOptions& options) {
  command.add_flag("--timeline", options.timeline,
                   "print each fault and recovery as it happens");
  command.add_flag("--list", options.list,
                   "print the faults, as --orders takes them, and end");
  auto* shrink = command.add_flag_callback(
    "--shrink", [&options] { options.shrink = true; },
    "on a failed verdict rerun with ever fewer faults and print the fewest "
    "that still fail; default on a terminal");
  command
    .add_flag_callback(
      "--no-shrink", [&options] { options.shrink = false; },
      "leave it at the verdict; default elsewhere")
    ->excludes(shrink);
  command
    .add_option("--shrink-runs", options.shrink_runs, "reruns at the most")
    ->check(CLI::Range(1, 10'000))
    ->capture_default_str();
  command
    .add_option("--shrink-repeats", options.shrink_repeats,
                "runs of a list before it counts as good, for faults that "
                "fail only now and then")
    ->check(CLI::Range(1, 100))
    ->capture_default_str();
}

} // namespace

void add_chaos(CLI::App& app, ExitCode& outcome) {
  auto* command = app.add_subcommand(
    "chaos", "Break the node in a storm of faults, under load on an embedded "
             "broker, and prove that it healed and nothing was lost.");
  auto options = std::make_shared<ChaosOptions>();
  options->config = add_config_options(*command);
  declare_storm(*command, *options);
  declare_output(*command, *options);
  command->footer("Orders:\n" + logic::faults::help());
  command->callback([options, &outcome] { outcome = run(*options); });
}

} // namespace millrace::node::commands
