#include "adapters/kafka/group_inspector.hpp"
#include "node/commands/command_options.hpp"
#include "node/commands/commands.hpp"
#include "node/commands/config_options.hpp"
#include "node/commands/lag_report.hpp"
#include "node/commands/terminal.hpp"
#include "node/endpoint/status_tree.hpp"

#include <CLI/Error.hpp>
#include <CLI/Option.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace millrace::node::commands {

namespace {

namespace kafka = adapters::kafka;

using logic::Error;
using logic::ErrorCode;
using logic::Result;
using std::chrono::milliseconds;

constexpr milliseconds shortest_redraw{100};
/// What a watch tells rates from: a group that commits once a second moves in
/// jumps.
constexpr std::size_t watched_looks = 10;

struct LagOptions {
  std::shared_ptr<ConfigOptions> config;
  std::vector<std::string> topics;
  std::optional<std::uint64_t> max_lag;
  milliseconds interval{2'000};
  milliseconds deadline{10'000}; ///< of each question
  bool watch = false;
  bool as_json = false;
};

/// Whom to ask for what.
struct Question {
  kafka::GroupInspector& inspector;
  std::string group;
  std::vector<std::string> topics; ///< besides those that the group names
  bool only_these = false;
  milliseconds deadline;
};

bool has_flag(const ConfigOptions& options, std::string_view flag) {
  return std::ranges::any_of(options.shorts, [flag](const ConfigFlag& given) {
    return given.flag == flag;
  });
}

/// Another group than the configuration's reads what it reads, not what the
/// configuration says.
std::vector<std::string> asked_topics(const LagOptions& options,
                                      const kafka::KafkaConfig& config) {
  if (!options.topics.empty())
    return options.topics;
  if (has_flag(*options.config, "--group")
      && !has_flag(*options.config, "--input-topic"))
    return {};
  return {config.input_topic};
}

Result<logic::GroupSight> look(const Question& question) {
  auto sight = question.inspector.look(question.group, question.topics,
                                       question.deadline);
  if (!sight)
    return sight.error();
  if (question.only_these)
    std::erase_if(sight->places, [&](const logic::PartitionPlace& place) {
      return std::ranges::find(question.topics, place.topic)
             == question.topics.end();
    });
  if (sight->places.empty() && sight->missing_topics.empty())
    return Error{ErrorCode::not_found,
                 "the group " + question.group
                   + " has committed nothing and holds nothing; is that its "
                     "name, and may this user see its topics?"};
  return sight;
}

std::string drawn(const logic::GroupLagHistory& history, bool as_json,
                  const StatusCanvas& canvas) {
  return as_json ? boost::json::serialize(lag_document(history)) + '\n'
                 : draw_lag(history, canvas);
}

/// Goes on where the brokers are gone: they may come back.
ExitCode watch(const Question& question, logic::GroupLagHistory history,
               const LagOptions& options) {
  const bool redraws = look_at_terminal().present && !options.as_json;
  const WatchScope scope{redraws};
  std::string fault;
  for (bool first = true; std::cout; first = false) {
    const auto canvas = output_canvas();
    if (!fault.empty() && !redraws)
      std::cerr << "error: " << fault << std::endl;
    else if (redraws)
      std::cout << redrawn(fault.empty() ? drawn(history, false, canvas)
                                         : fault + '\n',
                           look_at_terminal().rows);
    else
      std::cout << (first || options.as_json ? "" : "\n")
                << drawn(history, options.as_json, canvas);
    std::cout << std::flush;
    std::this_thread::sleep_for(options.interval);
    auto sight = look(question);
    fault = sight ? std::string{} : sight.error().text;
    if (sight)
      history.add(*std::move(sight));
  }
  return ExitCode::success;
}

/// More than wanted, or nobody knows.
ExitCode judge(const logic::GroupLagHistory& history, std::uint64_t most) {
  const auto lag = history.lag();
  if (const auto& missing = history.latest().missing_topics; !missing.empty())
    std::cerr << "error: the lag on topic " << missing.front()
              << " cannot be told: it does not exist" << std::endl;
  else if (lag.totals.untold != 0)
    std::cerr << "error: the lag of " << lag.totals.untold
              << " partitions cannot be told" << std::endl;
  else if (static_cast<std::uint64_t>(lag.totals.records) > most)
    std::cerr << "error: the lag of " << lag.totals.records << " is more than "
              << most << std::endl;
  else
    return ExitCode::success;
  return ExitCode::verdict_failed;
}

ExitCode look_once(const Question& question, logic::GroupLagHistory history,
                   const LagOptions& options) {
  if (options.interval.count() != 0) {
    std::this_thread::sleep_for(options.interval);
    auto sight = look(question);
    if (!sight)
      return refuse_kafka(sight.error());
    history.add(*std::move(sight));
  }
  std::cout << drawn(history, options.as_json, output_canvas()) << std::flush;
  return options.max_lag ? judge(history, *options.max_lag) : ExitCode::success;
}

ExitCode run(const LagOptions& options) {
  const auto loaded = load_config(*options.config);
  if (!accept_config(loaded, std::cerr))
    return ExitCode::invalid_config;
  const auto& config = loaded.config.kafka;
  const auto inspector = kafka::GroupInspector::open(config);
  if (!inspector)
    return refuse_kafka(inspector.error());
  const Question question{**inspector, config.consumer_group,
                          asked_topics(options, config),
                          !options.topics.empty(), options.deadline};
  logic::GroupLagHistory history{watched_looks};
  auto sight = look(question);
  if (!sight)
    return refuse_kafka(sight.error());
  history.add(*std::move(sight));
  return options.watch ? watch(question, std::move(history), options)
                       : look_once(question, std::move(history), options);
}

void declare(CLI::App& command, LagOptions& options) {
  add_topic_names(
    command, "--topic", options.topics,
    "only this topic, be it that the group never touched it; may be "
    "repeated")
    ->expected(1)
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  auto* watch = command.add_flag("--watch", options.watch,
                                 "show it again and again, until interrupted");
  add_duration(command, "--interval", options.interval, milliseconds{0},
               "between two looks, from which rates are told (default 2s; 0: "
               "a single look, without rates)");
  add_duration(command, "--deadline", options.deadline, milliseconds{1},
               "how long to wait for each answer (default 10s)");
  add_format(command, options.as_json);
  command
    .add_option("--max-lag", options.max_lag,
                "fail with exit code 4 where more records wait, or nobody can "
                "tell")
    ->type_name("COUNT")
    ->excludes(watch);
}

} // namespace

void add_lag(CLI::App& app, ExitCode& outcome) {
  auto* command = app.add_subcommand(
    "lag", "Tell how far the consumer group is behind, on every partition, "
           "held by a node or by nobody, and when it will have caught up.");
  auto options = std::make_shared<LagOptions>();
  options->config = add_config_options(*command);
  declare(*command, *options);
  command->callback([options, &outcome] {
    if (options->watch && options->interval < shortest_redraw)
      throw CLI::ValidationError("--interval",
                                 "--watch needs one of 100ms or more");
    outcome = run(*options);
  });
}

} // namespace millrace::node::commands
