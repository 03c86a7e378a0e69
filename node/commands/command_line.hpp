#pragma once

#include "node/lifecycle/exit_code.hpp"

#include <CLI/App.hpp>

#include <ostream>
#include <span>

namespace millrace::node {

/// Adds a sub-command to the application, see node/commands/commands.hpp.
using AddCommand = void (*)(CLI::App& app, ExitCode& outcome);

/// Parses the command line, runs the sub-command that it names and returns
/// its outcome. Help goes to `out` and succeeds; a command line that is wrong
/// is explained on `err` and gives `usage`; an exception that a command let
/// out becomes a sentence on `err` and `failure`. `arguments` is argv.
ExitCode run_command_line(std::span<const char* const> arguments,
                          std::span<const AddCommand> commands,
                          std::ostream& out, std::ostream& err);

} // namespace millrace::node
