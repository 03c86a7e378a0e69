#include "logic/core/json_text.hpp"
#include "logic/core/result.hpp"
#include "node/commands/command_options.hpp"
#include "node/commands/commands.hpp"
#include "node/commands/node_request.hpp"
#include "node/commands/terminal.hpp"
#include "node/endpoint/status_tree.hpp"

#include <CLI/Error.hpp>
#include <CLI/Option.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace millrace::node::commands {

namespace {

namespace json = boost::json;

using logic::Error;
using logic::ErrorCode;
using logic::Result;

constexpr std::chrono::milliseconds shortest_interval{100};

struct StatusOptions {
  NodeUrl url{.path = "/status"};
  std::chrono::milliseconds deadline{10'000}; ///< of an answer
  std::chrono::milliseconds interval{1'000};
  bool watch = false;
  bool as_json = false;
  bool ascii = false;
};

// -- Asking a node ------------------------------------------------------------

struct StatusPage {
  std::string text; ///< the document as it came
  json::object document;
};

Error no_status(const NodeUrl& url, const std::string& why) {
  return {ErrorCode::malformed,
          "what answers at " + url.text() + " tells no node's status: " + why};
}

/// Errors: `unavailable` where nobody answers, `malformed` where the answer is
/// no status.
Result<StatusPage> fetch(const StatusOptions& options) {
  const auto& url = options.url;
  auto answer = ask_node(url, options.deadline);
  if (!answer)
    return answer.error().code == ErrorCode::unavailable
             ? answer.error()
             : no_status(url, answer.error().text);
  auto& body = answer->body;
  if (answer->status != 200)
    return no_status(url, "HTTP status " + std::to_string(answer->status) + ' '
                            + logic::quoted(body, 200));
  boost::system::error_code fault;
  auto value = json::parse(body, fault);
  if (fault)
    return no_status(url, "no JSON: " + logic::quoted(body));
  if (!value.is_object() || !value.get_object().contains("node")
      || !value.get_object().contains("ready"))
    return no_status(url, "no status: " + logic::quoted(body));
  body.erase(body.find_last_not_of("\r\n") + 1);
  return StatusPage{std::move(body), std::move(value.get_object())};
}

// -- Showing it ---------------------------------------------------------------

std::string drawn(const Result<StatusPage>& page, const StatusOptions& options,
                  const Terminal& terminal) {
  if (!page)
    return page.error().text + '\n';
  if (options.as_json)
    return page->text + '\n';
  return draw_status(page->document, {terminal.columns, options.ascii});
}

ExitCode refuse(const Error& error) {
  std::cerr << "error: " << error.text << std::endl;
  return error.code == ErrorCode::unavailable ? ExitCode::unavailable
                                              : ExitCode::failure;
}

/// Goes on where a node that has answered is gone: it may come back. Ends
/// when nobody reads any more.
ExitCode watch(const StatusOptions& options, Result<StatusPage> page) {
  const bool redraws = look_at_terminal().present && !options.as_json;
  const WatchScope scope{redraws};
  for (bool first = true; std::cout; first = false) {
    const auto terminal = look_at_terminal();
    if (redraws)
      std::cout << redrawn(drawn(page, options, terminal), terminal.rows);
    else if (!page && options.as_json)
      std::cerr << "error: " << page.error().text << std::endl;
    else
      std::cout << (first || options.as_json ? "" : "\n")
                << drawn(page, options, terminal);
    std::cout << std::flush;
    std::this_thread::sleep_for(options.interval);
    page = fetch(options);
  }
  return ExitCode::success;
}

ExitCode run(StatusOptions options) {
  options.ascii = options.ascii || !locale_is_utf8();
  auto page = fetch(options);
  if (!page)
    return refuse(page.error());
  if (options.watch)
    return watch(options, std::move(page));
  std::cout << drawn(page, options, look_at_terminal()) << std::flush;
  return ExitCode::success;
}

// -- The command line ---------------------------------------------------------

void declare(CLI::App& command, StatusOptions& options) {
  const auto parse = [&options](const std::string& text) {
    auto url = parse_node_url(text, "/status");
    if (!url)
      throw CLI::ValidationError("--url", url.error().text);
    options.url = std::move(*url);
  };
  command
    .add_option_function<std::string>(
      "--url", parse, "where the node serves (default http://127.0.0.1:9108)")
    ->type_name("URL");
  auto* watch = command.add_flag("--watch", options.watch,
                                 "show it again and again, until interrupted");
  add_duration(command, "--interval", options.interval, shortest_interval,
               "between two looks of --watch (default 1s)")
    ->needs(watch);
  add_duration(command, "--deadline", options.deadline,
               std::chrono::milliseconds{1},
               "how long to wait for an answer (default 10s)");
  auto* as_json = command.add_flag("--json", options.as_json,
                                   "the document itself, on a line");
  command
    .add_flag("--ascii", options.ascii,
              "draw without characters that only UTF-8 has")
    ->excludes(as_json);
}

} // namespace

void add_status(CLI::App& app, ExitCode& outcome) {
  auto* command = app.add_subcommand(
    "status", "Ask a running node how it does and draw its supervision tree.");
  auto options = std::make_shared<StatusOptions>();
  declare(*command, *options);
  command->callback([options, &outcome] { outcome = run(*options); });
}

} // namespace millrace::node::commands
