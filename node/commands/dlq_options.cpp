#include "node/commands/dlq_options.hpp"

#include "adapters/kafka/topic_name.hpp"
#include "node/config/quantity.hpp"

#include <CLI/Error.hpp>
#include <CLI/Option.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace millrace::node::commands {

namespace {

constexpr const char* filter_group = "Filter";

using CheckName = logic::Result<void> (*)(std::string_view);

/// A list that may be given with commas or over and over.
CLI::Option*
add_list(CLI::App& command, const std::string& name,
         const std::function<void(const std::vector<std::string>&)>& take,
         const std::string& help) {
  return command
    .add_option_function<std::vector<std::string>>(name, take, help)
    ->group(filter_group)
    ->delimiter(',')
    ->expected(1)
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_names(CLI::App& command, const std::string& name,
               std::vector<std::string>& target, CheckName check,
               const std::string& help) {
  add_list(
    command, name,
    [name, check, &target](const std::vector<std::string>& texts) {
      for (const auto& text : texts)
        if (const auto known = check(text); !known)
          throw CLI::ValidationError(name, known.error().text);
      target = texts;
    },
    help)
    ->type_name("NAME,...");
}

/// A time, or how long ago.
std::optional<std::int64_t> parse_moment(const std::string& text) {
  if (const auto time_ms = logic::parse_time(text))
    return time_ms;
  const auto ago = parse_duration(text);
  if (!ago || text.find_first_not_of("0123456789") == std::string::npos)
    return std::nullopt;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return (std::chrono::duration_cast<std::chrono::milliseconds>(now) - *ago)
    .count();
}

void add_time(CLI::App& command, const std::string& name,
              std::optional<std::int64_t>& target, const std::string& help) {
  command
    .add_option_function<std::string>(
      name,
      [name, &target](const std::string& text) {
        target = parse_moment(text);
        if (!target)
          throw CLI::ValidationError(
            name, "expected a time in UTC such as 2026-11-30T14:05:00Z, or a "
                  "duration ago such as 2h, got '"
                    + text + "'");
      },
      help)
    ->group(filter_group)
    ->type_name("TIME");
}

logic::Result<void> check_topic(std::string_view name) {
  if (adapters::kafka::is_topic_name(name))
    return {};
  return logic::Error{logic::ErrorCode::invalid_argument,
                      "'" + std::string{name} + "' is no name of a topic"};
}

} // namespace

std::shared_ptr<DlqOptions> add_dlq_options(CLI::App& command) {
  auto options = std::make_shared<DlqOptions>();
  options->config = add_config_options(command);
  command
    .add_option_function<std::string>(
      "--patience",
      [raw = options.get()](const std::string& text) {
        const auto patience = parse_duration(text);
        if (!patience || patience->count() <= 0)
          throw CLI::ValidationError("--patience", "expected a duration such "
                                                   "as 500ms or 5s, got '"
                                                     + text + "'");
        raw->patience = *patience;
      },
      "how long to wait for a silent broker (default 15s)")
    ->type_name("DURATION");
  return options;
}

void add_filter_options(CLI::App& command, DlqOptions& options) {
  auto& filter = options.filter;
  add_names(command, "--reason", filter.reasons, logic::check_reason,
            "given up for one of these reasons");
  add_names(command, "--stage", filter.stages, logic::check_stage,
            "by one of these stages");
  add_names(command, "--source-topic", filter.source_topics, check_topic,
            "read from one of these topics");
  add_list(
    command, "--partition",
    [&filter](const std::vector<std::string>& texts) {
      for (const auto& text : texts) {
        const auto place = logic::parse_place(text + ":0");
        if (!place)
          throw CLI::ValidationError("--partition",
                                     "expected numbers of partitions, got '"
                                       + text + "'");
        filter.partitions.push_back(place->partition.value);
      }
    },
    "in these partitions of the dead-letter topic")
    ->type_name("NUMBER,...");
  add_time(command, "--since", filter.since_ms, "given up then or later");
  add_time(command, "--until", filter.until_ms, "given up before then");
}

} // namespace millrace::node::commands
