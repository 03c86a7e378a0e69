#include "node/commands/command_options.hpp"

#include "adapters/kafka/topic_name.hpp"
#include "node/config/quantity.hpp"
#include "node/config/words.hpp"

#include <CLI/Error.hpp>

#include <algorithm>
#include <iostream>

namespace millrace::node::commands {

CLI::Option* add_duration(CLI::App& command, const std::string& name,
                          std::chrono::milliseconds& target,
                          std::chrono::milliseconds least,
                          const std::string& help) {
  const auto parse = [name, &target, least](const std::string& text) {
    constexpr std::chrono::hours most{1};
    const auto duration = parse_duration(text);
    if (!duration || *duration < least || *duration > most)
      throw CLI::ValidationError(name, "expected a duration from "
                                         + render_duration(least)
                                         + " to 1h, got '" + text + "'");
    target = *duration;
  };
  return command.add_option_function<std::string>(name, parse, help)
    ->type_name("DURATION");
}

CLI::Option* add_topic_names(CLI::App& command, const std::string& name,
                             std::vector<std::string>& topics,
                             const std::string& help) {
  const auto take = [name, &topics](const std::vector<std::string>& texts) {
    for (const auto& text : texts)
      if (!adapters::kafka::is_topic_name(text))
        throw CLI::ValidationError(name,
                                   "'" + text + "' is no name of a topic");
      else if (std::ranges::find(topics, text) == topics.end())
        topics.push_back(text);
  };
  return command
    .add_option_function<std::vector<std::string>>(name, take, help)
    ->type_name("TOPIC");
}

CLI::Option* add_format(CLI::App& command, bool& as_json) {
  const auto parse = [&as_json](const std::string& text) {
    const auto word = lower_case(text);
    if (word != "text" && word != "json")
      throw CLI::ValidationError("--format",
                                 "expected text or json, got '" + text + "'");
    as_json = word == "json";
  };
  return command
    .add_option_function<std::string>("--format", parse,
                                      "text (default) or json")
    ->type_name("FORMAT");
}

ExitCode refuse_kafka(const logic::Error& error) {
  std::cerr << "error: " << error.text << std::endl;
  switch (error.code) {
    case logic::ErrorCode::not_found:
    case logic::ErrorCode::unavailable:
    case logic::ErrorCode::timed_out:
    case logic::ErrorCode::unauthorized:
      return ExitCode::unavailable;
    default:
      return ExitCode::failure;
  }
}

ExitCode refuse_usage(const logic::Error& error) {
  std::cerr << "error: " << error.text << std::endl;
  return ExitCode::usage;
}

} // namespace millrace::node::commands
