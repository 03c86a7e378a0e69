#include "node/commands/command_line.hpp"

#include "node/config/words.hpp"

// The definitions that <CLI/App.hpp> leaves out; here, once, for all commands.
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>

#include <exception>
#include <string>
#include <vector>

namespace millrace::node {

namespace {

constexpr const char* footer
  = "Exit codes: 0 success, 1 a run-time error, 2 a wrong command line, 3 the "
    "configuration\nwas refused, 4 verification found a fault, 5 something is "
    "not reachable, 6 work was\nleft when the shutdown deadline passed, 7 a "
    "part of the node died, 130 interrupted.\nSettings: `millrace check` shows "
    "them, docs/configuration.md explains them.";

void name_the_app(CLI::App& app) {
  app.name("millrace");
  app.description("millrace takes login events from Kafka, checks, enriches "
                  "and judges them, and passes them on.");
  app.footer(footer);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "the help of every command");
}

/// " (did you mean 'run'?)" where the name of a command was misspelt: walks
/// down the commands that the words lead to and judges the first other word.
std::string command_suggestion(const CLI::App& app,
                               std::span<const char* const> words) {
  const CLI::App* at = &app;
  for (const std::string word : words) {
    std::vector<std::string> names;
    const CLI::App* next = nullptr;
    for (const CLI::App* command : at->get_subcommands(nullptr)) {
      names.push_back(command->get_name());
      if (names.back() == word)
        next = command;
    }
    if (next == nullptr)
      return word.starts_with('-') ? std::string{} : suggestion(word, names);
    at = next;
  }
  return {};
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
    app.parse(static_cast<int>(arguments.size()), arguments.data());
    return outcome;
  } catch (const CLI::Success& asked) {
    app.exit(asked, out, err);
    return ExitCode::success;
  } catch (const CLI::ParseError& fault) {
    const auto words = arguments.empty() ? arguments : arguments.subspan(1);
    err << "error: " << fault.what() << command_suggestion(app, words)
        << "\nRun with --help for the commands and options.\n";
    return ExitCode::usage;
  } catch (const std::exception& fault) {
    err << "error: " << fault.what() << '\n';
    return ExitCode::failure;
  }
}

} // namespace millrace::node
