#include "node/commands/command_line.hpp"

#include "logic/core/nearest_word.hpp"
#include "node/config/words.hpp"

// The definitions that <CLI/App.hpp> leaves out; here, once, for all commands.
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace millrace::node {

namespace {

/// All exit codes, in lines of the width of a terminal.
std::string footer() {
  constexpr std::size_t width = 80;
  std::string text = "Exit codes:";
  std::size_t column = text.size();
  for (const auto& info : exit_codes) {
    std::string item = std::to_string(to_int(info.code)) + " "
                       + std::string{info.in_short}
                       + (&info == &exit_codes.back() ? "." : ",");
    if (column + 1 + item.size() > width) {
      text += "\n ";
      column = 1;
    }
    text += " " + item;
    column += 1 + item.size();
  }
  return text
         + "\nSettings: `millrace check` shows them, docs/configuration.md "
           "explains them.";
}

void name_the_app(CLI::App& app) {
  app.name("millrace");
  app.description("millrace takes login events from Kafka, checks, enriches "
                  "and judges them, and passes them on.");
  app.footer(footer());
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "the help of every command");
}

/// "run, demo, check": the commands below this one.
std::vector<std::string> command_names(const CLI::App& at) {
  std::vector<std::string> names;
  for (const CLI::App* command : at.get_subcommands(nullptr))
    names.push_back(command->get_name());
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// The option that a word such as "--config=x" names; null for none.
const CLI::Option* find_option(const CLI::App& at, const std::string& word) {
  const auto name = word.substr(0, word.find('='));
  for (const CLI::Option* option : at.get_options(nullptr))
    if (option->check_name(name))
      return option;
  return nullptr;
}

std::string unknown_option_text(const CLI::App& at, const std::string& word) {
  const auto name = word.substr(0, word.find('='));
  std::vector<std::string> known;
  for (const CLI::Option* option : at.get_options(nullptr))
    for (const auto& long_name : option->get_lnames())
      known.push_back("--" + long_name);
  return "unknown option '" + name + "' of " + at.get_name()
         + logic::suggestion(name, known);
}

/// Names the first word that is no command and no option: walks down the
/// commands that the words lead to. Empty where all words are known.
std::string unknown_word(const CLI::App& app,
                         std::span<const char* const> words) {
  const CLI::App* at = &app;
  bool is_value = false;
  for (const std::string word : words) {
    if (std::exchange(is_value, false))
      continue;
    if (word.starts_with("-") && word.size() > 1) {
      const auto* option = find_option(*at, word);
      if (option == nullptr)
        return word.starts_with("--") && word.size() > 2
                 ? unknown_option_text(*at, word)
                 : std::string{};
      is_value = option->get_items_expected_max() > 0
                 && word.find('=') == std::string::npos;
      continue;
    }
    const auto names = command_names(*at);
    if (names.empty())
      return {}; // an argument of its own kind
    if (std::find(names.begin(), names.end(), word) == names.end()) {
      const auto near = logic::suggestion(lower_case(word), names);
      return "there is no command '" + word + "' of " + at->get_name()
             + (near.empty() ? "; there are " + joined(names) : near);
    }
    at = at->get_subcommand(word);
  }
  const auto names = command_names(*at);
  return names.empty() ? std::string{}
                       : "a command of " + at->get_name()
                           + " is required: " + joined(names);
}

/// CLI11 reads "-1" as the largest unsigned number there is, and takes "nan"
/// for a number within any range.
void refuse_odd_numbers(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    // The name of the type, or what the option calls its numbers.
    const auto type = option->get_type_name();
    const auto is_one_of = [&type](auto... names) {
      return (type.starts_with(names) || ...);
    };
    if (is_one_of("UINT", "COUNT", "OFFSET", "MIB"))
      option->check([](const std::string& text) {
        return text.starts_with('-') ? "expected 0 or more, got '" + text + "'"
                                     : std::string{};
      });
    else if (is_one_of("FLOAT", "HOURS", "SECONDS"))
      option->check([](const std::string& text) {
        return std::isfinite(std::strtod(text.c_str(), nullptr))
                 ? std::string{}
                 : "expected a finite number, got '" + text + "'";
      });
  }
  for (CLI::App* command : app.get_subcommands(nullptr))
    refuse_odd_numbers(*command);
}

} // namespace

ExitCode run_command_line(std::span<const char* const> arguments,
                          std::span<const AddCommand> commands,
                          std::ostream& out, std::ostream& err) {
  ExitCode outcome = ExitCode::success;
  CLI::App app;
  try {
    name_the_app(app);
    for (const auto add : commands)
      add(app, outcome);
    refuse_odd_numbers(app);
    app.parse(static_cast<int>(arguments.size()), arguments.data());
    return outcome;
  } catch (const CLI::Success& asked) {
    app.exit(asked, out, err);
    return ExitCode::success;
  } catch (const CLI::ParseError& fault) {
    const auto words = arguments.empty() ? arguments : arguments.subspan(1);
    // CLI11 itself only counts what is missing or too much.
    const bool is_unknown = dynamic_cast<const CLI::ExtrasError*>(&fault)
                              != nullptr
                            || dynamic_cast<const CLI::RequiredError*>(&fault)
                                 != nullptr;
    const auto text = is_unknown ? unknown_word(app, words) : std::string{};
    err << "error: " << (text.empty() ? fault.what() : text)
        << "\nRun with --help for the commands and options.\n";
    return ExitCode::usage;
  } catch (const std::exception& fault) {
    err << "error: " << fault.what() << '\n';
    return ExitCode::failure;
  }
}

} // namespace millrace::node
