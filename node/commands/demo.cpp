#include "node/commands/commands.hpp"
#include "node/commands/config_options.hpp"
#include "node/demo/demo_screen.hpp"
#include "node/demo/demo_summary.hpp"
#include "node/demo/load_thread.hpp"
#include "node/demo/sandbox.hpp"
#include "node/lifecycle/run_until_stopped.hpp"
#include "node/load/load_run.hpp"
#include "node/telemetry/logging.hpp"
#include "node/verification/delivery_check.hpp"

#include <CLI/Validators.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include <unistd.h>

namespace millrace::node::commands {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct DemoOptions {
  std::shared_ptr<ConfigOptions> config;
  std::uint64_t events = 60'000;
  double rate = 4'000.0;
  std::uint64_t seed = 1;
  bool keep = false;
};

constexpr auto redraw_interval = 250ms;
/// The demonstration ends if nothing at all moves for so long.
constexpr auto patience = 30s;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

/// Twelve hours of logins of a returning population, one in fifty spoiled,
/// and a few stories for the detector.
LoadOptions load_options(const DemoOptions& options) {
  LoadOptions load;
  load.rate = options.rate;
  load.count = options.events;
  load.event_span = 12h;
  load.quiet = true;
  auto& generator = load.generator;
  generator.seed = options.seed;
  generator.bad_share = 0.02;
  generator.population = 4'000;
  generator.stories = {4, 3, 3};
  generator.story_horizon = options.events;
  generator.start_time_ms
    = now_ms() - std::chrono::milliseconds{load.event_span}.count();
  generator.event_interval_us
    = std::chrono::microseconds{load.event_span}.count()
      / static_cast<std::int64_t>(options.events);
  return load;
}

class Demo {
public:
  Demo(const DemoOptions& options, LoadedConfig& loaded,
       std::shared_ptr<Logging> log, SignalWaiter& waiter)
    : options_(options), config_(loaded.config), log_(std::move(log)),
      waiter_(waiter) {}

  ExitCode run() {
    auto watch = node::demo::OutputWatch::open(
      config_.kafka, logic::OutputMembers{config_.encoding.member_prefix});
    const auto load = load_options(options_);
    auto generator = logic::generation::LoginGenerator::create(load.generator);
    auto node = Node::start(config_, log_, [this] { waiter_.wake(); });
    if (!watch || !generator || !node) {
      std::cerr << "error: "
                << (!watch       ? watch.error()
                    : !generator ? generator.error()
                                 : node.error())
                     .text
                << std::endl;
      return watch && generator ? code_of_start(node.error())
                                : ExitCode::failure;
    }
    const auto url = (*node)->endpoint_url();
    std::cout << "metrics, health and status: " << url << "\n\n" << std::flush;
    const auto begin = Clock::now();
    bool interrupted = false;
    std::uint64_t sent = 0;
    {
      node::demo::LoadThread running{config_.kafka, load, *generator};
      interrupted = !follow(**node, running, **watch);
      running.join();
      sent = running.sent();
      if (running.code() != ExitCode::success && !interrupted) {
        std::cerr << "error: " << running.messages() << std::endl;
        interrupted = true;
      }
    }
    const std::chrono::duration<double> took = Clock::now() - begin;
    if (options_.keep && !interrupted)
      keep(url);
    NodeTotals totals;
    const auto stopped = stop_node(std::move(*node), *log_, waiter_,
                                   config_.delivery.shutdown_deadline, &totals);
    if (interrupted)
      return stopped != ExitCode::success ? stopped : ExitCode::failure;
    return conclude(**watch, *generator, sent, took, totals, stopped);
  }

private:
  /// Shows how things go until all that was generated came out; false when
  /// that was interrupted.
  bool follow(Node& node, const node::demo::LoadThread& running,
              node::demo::OutputWatch& watch) {
    node::demo::DemoScreen screen{std::cout, isatty(STDOUT_FILENO) == 1,
                                  config_.flow.memory_plan().in_flight_bytes()};
    const auto begin = Clock::now();
    auto last_move = begin;
    std::uint64_t last_seen = 0;
    for (;;) {
      const auto wakeup = waiter_.wait(redraw_interval);
      if (wakeup.cause == SignalWaiter::Cause::woken || wakeup.asks_to_stop())
        return false;
      if (auto polled = watch.poll(); !polled)
        log_->warn("demo", "could not read the outputs",
                   {{"error", polled.error().text}});
      screen.show(
        {Clock::now() - begin, options_.events, node.status(), watch});
      const auto seen = watch.outputs() + watch.dead_letters();
      if (seen != last_seen)
        last_move = Clock::now();
      last_seen = seen;
      if (running.done() && seen >= options_.events)
        return true;
      if (Clock::now() - last_move > patience) {
        std::cerr << "error: nothing moved for " << patience.count()
                  << " s, giving up" << std::endl;
        return false;
      }
    }
  }

  void keep(const std::string& url) {
    std::cout << "\nThe node and the broker ("
              << config_.kafka.bootstrap_servers << ") go on; see " << url
              << "/status\nEnd with Ctrl-C." << std::endl;
    for (;;) {
      const auto wakeup = waiter_.wait(-1ms);
      if (wakeup.cause == SignalWaiter::Cause::woken || wakeup.asks_to_stop())
        return;
    }
  }

  ExitCode conclude(const node::demo::OutputWatch& watch,
                    const logic::generation::LoginGenerator& generator,
                    std::uint64_t sent, std::chrono::duration<double> took,
                    const NodeTotals& totals, ExitCode stopped) {
    node::demo::print_examples(std::cout, watch);
    const auto found = node::demo::print_stories(std::cout, watch,
                                                 generator.stories());
    std::cout << "\nWhat became of every event (millrace verify)\n";
    DeliveryCheckOptions check;
    check.guarantee = logic::verification::Guarantee::exactly_once;
    check.member_prefix = config_.encoding.member_prefix;
    const auto verdict = report_delivery(config_.kafka, check, std::cout,
                                         std::cerr);
    std::cout << "\nSummary\n  generated        " << sent << " events in "
              << std::fixed;
    std::cout.precision(1);
    std::cout << took.count() << " s\n  outputs          " << totals.outputs
              << "\n  dead letters     " << totals.dead_letters;
    for (const auto& [reason, count] : watch.reasons())
      std::cout << "\n    " << reason
                << std::string(22 - std::min<std::size_t>(21, reason.size()),
                               ' ')
                << count;
    std::cout << "\n  anomalies        " << watch.anomalies();
    for (const auto& [rule, count] : watch.rules())
      std::cout << "\n    " << rule
                << std::string(22 - std::min<std::size_t>(21, rule.size()), ' ')
                << count;
    std::cout << "\n  planted stories  " << found << " of "
              << generator.stories().size() << " found\n  verdict          "
              << (verdict == ExitCode::success
                    ? "nothing lost, nothing doubled, order kept"
                    : "FAILED, see above")
              << std::endl;
    return stopped != ExitCode::success ? stopped : verdict;
  }

  const DemoOptions& options_;
  const NodeConfig& config_;
  std::shared_ptr<Logging> log_;
  SignalWaiter& waiter_;
};

template <class T>
bool fine(const logic::Result<T>& result) {
  if (!result)
    std::cerr << "error: " << result.error().text << std::endl;
  return result.has_value();
}

ExitCode demo(const DemoOptions& options) {
  auto loaded = load_config(*options.config);
  if (!accept_config(loaded, std::cerr))
    return ExitCode::invalid_config;
  // Before any thread exists, so that all inherit the signal mask.
  const auto waiter = SignalWaiter::create();
  if (!fine(waiter))
    return ExitCode::failure;
  const auto sandbox = node::demo::Sandbox::open(loaded, {.purpose = "demo"});
  if (!fine(sandbox))
    return ExitCode::failure;
  const auto log = Logging::start(loaded.config.log);
  if (!fine(log))
    return ExitCode::failure;
  std::cout << "embedded broker: " << loaded.config.kafka.bootstrap_servers
            << ", " << options.events << " login events at " << options.rate
            << " a second\n";
  return Demo{options, loaded, *log, **waiter}.run();
}

} // namespace

void add_demo(CLI::App& app, ExitCode& outcome) {
  auto* command = app.add_subcommand(
    "demo", "See the whole job done, without a Kafka: an embedded broker, a "
            "generator, the node, and the proof that nothing was lost.");
  auto options = std::make_shared<DemoOptions>();
  options->config = add_config_options(*command);
  command
    ->add_option("--events", options->events,
                 "events to generate, all kept by the embedded broker")
    ->check(CLI::Range(1'000, 3'000'000))
    ->capture_default_str();
  command->add_option("--rate", options->rate, "events a second")
    ->check(CLI::Range(1.0, 1e6))
    ->capture_default_str();
  command->add_option("--seed", options->seed, "of the generator")
    ->capture_default_str();
  command->add_flag("--keep", options->keep,
                    "leave node and broker running at the end");
  command->callback([options, &outcome] { outcome = demo(*options); });
}

} // namespace millrace::node::commands
