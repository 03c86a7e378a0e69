#include "messages/type_ids.hpp"
#include "node/commands/command_line.hpp"
#include "node/commands/commands.hpp"
#include "node/lifecycle/exit_code.hpp"
#include "node/lifecycle/last_words.hpp"
#include "node/lifecycle/signals.hpp"

#include <caf/io/middleman.hpp>

#include <array>
#include <csignal>
#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
  using namespace millrace::node;
  // An order to stop that comes before the node listens waits until it does.
  if (argc > 1 && std::string_view{argv[1]} == "run")
    block_awaited_signals();
  caf::io::middleman::init_global_meta_objects();
  millrace::messages::init_meta_objects();
  // A peer that hangs up is an error of that write, not the end of the node.
  std::signal(SIGPIPE, SIG_IGN);
  prepare_last_words();
  constexpr std::array<AddCommand, 15> all_commands{
    commands::add_run,      commands::add_demo,   commands::add_chaos,
    commands::add_generate, commands::add_broker, commands::add_check,
    commands::add_verify,   commands::add_lag,    commands::add_topics,
    commands::add_dlq,      commands::add_model,  commands::add_certificates,
    commands::add_status,   commands::add_health, commands::add_version};
  const auto outcome = run_command_line({argv, static_cast<std::size_t>(argc)},
                                        all_commands, std::cout, std::cerr);
  // What could not be written (a full disk behind a redirection) was not said.
  std::cout.flush();
  if (!std::cout && outcome == ExitCode::success) {
    std::cerr << "error: cannot write to the standard output\n";
    return to_int(ExitCode::failure);
  }
  return to_int(outcome);
}
