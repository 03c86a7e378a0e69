#include "adapters/kafka/topic_name.hpp"
#include "node/commands/commands.hpp"
#include "node/commands/config_options.hpp"
#include "node/commands/dlq_options.hpp"
#include "node/dead_letters/dead_letter_views.hpp"
#include "node/dead_letters/replay_run.hpp"
#include "node/lifecycle/signals.hpp"

#include <CLI/Error.hpp>
#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <iostream>
#include <memory>
#include <vector>

namespace millrace::node::commands {

namespace {

/// What the command that was named is to do, once the configuration is read.
template <class Run>
ExitCode with_query(const DlqOptions& options, const Run& run) {
  const auto loaded = load_config(*options.config);
  if (!accept_config(loaded, std::cerr))
    return ExitCode::invalid_config;
  return run(DeadLetterQuery{loaded.config.kafka, options.filter,
                             options.patience, std::cout, std::cerr});
}

void add_ls(CLI::App& group, ExitCode& outcome) {
  auto* command = group.add_subcommand(
    "ls", "List dead letters, a line each: place, when and why it was given "
          "up, by which stage, where it came from, how often it was replayed.");
  auto options = add_dlq_options(*command);
  add_filter_options(*command, *options);
  auto limit = std::make_shared<std::size_t>(50);
  command
    ->add_option("--limit", *limit,
                 "the newest so many of those that are meant; 0: all, as they "
                 "come")
    ->check(CLI::Range(0, 1'000'000))
    ->capture_default_str()
    ->type_name("COUNT");
  command->callback([options, limit, &outcome] {
    outcome = with_query(*options, [&](const DeadLetterQuery& query) {
      return list_dead_letters(query, *limit);
    });
  });
}

void add_show(CLI::App& group, ExitCode& outcome) {
  auto* command = group.add_subcommand(
    "show", "Show dead letters: why, whence, history, headers and bytes. "
            "Personal values are masked.");
  auto options = add_dlq_options(*command);
  auto show = std::make_shared<logic::ShowOptions>();
  auto places = std::make_shared<std::vector<logic::DeadLetterPlace>>();
  command
    ->add_option_function<std::vector<std::string>>(
      "place",
      [places](const std::vector<std::string>& texts) {
        for (const auto& text : texts) {
          const auto place = logic::parse_place(text);
          if (!place)
            throw CLI::ValidationError(
              "place", "expected PARTITION:OFFSET as `dlq ls` lists them, got '"
                         + text + "'");
          places->push_back(*place);
        }
      },
      "which ones, as `ls` lists them")
    ->type_name("PARTITION:OFFSET")
    ->expected(1, 100)
    ->required();
  command->add_flag("--unmasked", show->unmasked,
                    "personal values as they are, and hex of what is no text");
  command
    ->add_option("--bytes", show->value_bytes,
                 "of the value, at most; 0: all of it")
    ->check(CLI::NonNegativeNumber)
    ->capture_default_str()
    ->type_name("COUNT");
  command->callback([options, show, places, &outcome] {
    outcome = with_query(*options, [&](const DeadLetterQuery& query) {
      return show_dead_letters(query, *places, *show);
    });
  });
}

void add_histogram(CLI::App& group, ExitCode& outcome) {
  auto* command = group.add_subcommand(
    "histogram", "Count dead letters by reason, stage, source partition and "
                 "hour (UTC).");
  auto options = add_dlq_options(*command);
  add_filter_options(*command, *options);
  auto kinds = std::make_shared<std::vector<logic::HistogramKind>>();
  command
    ->add_option_function<std::vector<std::string>>(
      "--by",
      [kinds](const std::vector<std::string>& names) {
        for (const auto& name : names) {
          const auto kind = logic::parse_histogram(name);
          if (!kind)
            throw CLI::ValidationError(
              "--by",
              "expected reason, stage, partition or hour, got '" + name + "'");
          kinds->push_back(*kind);
        }
      },
      "reason, stage, partition or hour; all four if not given")
    ->delimiter(',')
    ->expected(1)
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->type_name("KIND,...");
  command->callback([options, kinds, &outcome] {
    outcome = with_query(*options, [&](const DeadLetterQuery& query) {
      return count_dead_letters(query, *kinds);
    });
  });
}

void add_export(CLI::App& group, ExitCode& outcome) {
  auto* command = group.add_subcommand(
    "export", "Write dead letters as JSON lines, with all headers; what is no "
              "text as base64. Nothing is masked.");
  auto options = add_dlq_options(*command);
  add_filter_options(*command, *options);
  auto file = std::make_shared<std::string>();
  command
    ->add_option("-o,--output", *file,
                 "a new file, readable by its owner alone; else the standard "
                 "output")
    ->type_name("FILE");
  auto limit = std::make_shared<std::uint64_t>(0);
  command->add_option("--limit", *limit, "at most so many; 0: all")
    ->capture_default_str()
    ->type_name("COUNT");
  command->callback([options, file, limit, &outcome] {
    outcome = with_query(*options, [&](const DeadLetterQuery& query) {
      return export_dead_letters(query, *file, *limit);
    });
  });
}

void declare_replay(CLI::App& command, ReplayOptions& replay) {
  command.add_flag("--execute", replay.execute,
                   "send; else it is only said what would be sent");
  command
    .add_option("--rate", replay.rate,
                "records a second; 0: as fast as possible")
    ->check(CLI::Range(0.0, 1e7))
    ->capture_default_str();
  command
    .add_option_function<std::string>(
      "--to",
      [&replay](const std::string& topic) {
        if (!adapters::kafka::is_topic_name(topic))
          throw CLI::ValidationError("--to",
                                     "'" + topic + "' is no name of a topic");
        replay.criteria.to = topic;
      },
      "send to this topic; else each to the topic that it came from")
    ->type_name("TOPIC");
  command
    .add_option("--max-replays", replay.criteria.cap,
                "leave what was replayed so often already, all runs together")
    ->check(CLI::Range(1, 1'000'000))
    ->capture_default_str()
    ->type_name("COUNT");
  command
    .add_option("--replay-group", replay.group,
                "keep the places in this group; else kafka.consumer_group and "
                "\".replay\"")
    ->type_name("GROUP");
  command.add_flag("--again", replay.again,
                   "begin at the oldest, also with what was replayed before");
  command.add_flag("-q,--quiet", replay.quiet, "no progress on stderr");
}

ExitCode replay(const DlqOptions& options, ReplayOptions settings) {
  const auto loaded = load_config(*options.config);
  if (!accept_config(loaded, std::cerr))
    return ExitCode::invalid_config;
  const auto& kafka = loaded.config.kafka;
  const auto refuse = [](const std::string& text) {
    std::cerr << "error: " << text << std::endl;
    return ExitCode::usage;
  };
  if (settings.criteria.to == kafka.dlq_topic)
    return refuse("--to " + kafka.dlq_topic
                  + " is the dead-letter topic itself: a loop");
  if (settings.group == kafka.consumer_group)
    return refuse("--replay-group " + settings.group
                  + " is the group of the node (kafka.consumer_group)");
  settings.criteria.filter = options.filter;
  normalize(settings.criteria.filter);
  settings.patience = options.patience;
  // Before the Kafka client starts its threads: they inherit the mask.
  auto signals = SignalWaiter::create();
  if (!signals) {
    std::cerr << "error: " << signals.error().text << std::endl;
    return ExitCode::failure;
  }
  const StopWaiter stop = [&signals](std::chrono::microseconds timeout) {
    return (*signals)
      ->wait(std::chrono::duration_cast<std::chrono::milliseconds>(timeout))
      .asks_to_stop();
  };
  return replay_dead_letters(kafka, settings, stop, std::cout, std::cerr);
}

void add_replay(CLI::App& group, ExitCode& outcome) {
  auto* command = group.add_subcommand(
    "replay",
    "Send dead letters back to the topic that they came from, as they were, "
    "with their history in headers. Only says what it would do, unless "
    "--execute is given. Ends where the topic ended at the start; goes on "
    "where the last run of the group was.");
  auto options = add_dlq_options(*command);
  add_filter_options(*command, *options);
  auto settings = std::make_shared<ReplayOptions>();
  declare_replay(*command, *settings);
  command->callback(
    [options, settings, &outcome] { outcome = replay(*options, *settings); });
}

} // namespace

void add_dlq(CLI::App& app, ExitCode& outcome) {
  auto* group = app.add_subcommand(
    "dlq", "List, show, count, export and replay dead letters.");
  group->require_subcommand(1);
  add_ls(*group, outcome);
  add_show(*group, outcome);
  add_histogram(*group, outcome);
  add_export(*group, outcome);
  add_replay(*group, outcome);
}

} // namespace millrace::node::commands
