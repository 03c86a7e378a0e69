#include "logic/core/json_text.hpp"
#include "millrace_version.hpp"
#include "node/commands/commands.hpp"

#include <boost/version.hpp>
#include <caf/config.hpp>
#include <librdkafka/rdkafka.h>

#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace millrace::node::commands {

namespace {

std::string caf_version() {
  return std::to_string(CAF_MAJOR_VERSION) + "."
         + std::to_string(CAF_MINOR_VERSION) + "."
         + std::to_string(CAF_PATCH_VERSION);
}

std::string boost_version() {
  return std::to_string(BOOST_VERSION / 100000) + "."
         + std::to_string(BOOST_VERSION / 100 % 1000) + "."
         + std::to_string(BOOST_VERSION % 100);
}

constexpr std::string_view compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

constexpr std::string_view build_type() {
#if defined(__SANITIZE_ADDRESS__)
  return "address sanitizer";
#elif defined(__SANITIZE_THREAD__)
  return "thread sanitizer";
#elif defined(NDEBUG)
  return "release";
#else
  return "debug";
#endif
}

struct Part {
  std::string_view name;
  std::string version;
};

void print_version(bool as_json) {
  const std::array<Part, 7> parts{{
    {"millrace", std::string{version}},
    {"commit", std::string{revision}},
    {"caf", caf_version()},
    {"librdkafka", rd_kafka_version_str()},
    {"boost_json", boost_version()},
    {"compiler", std::string{compiler()}},
    {"build", std::string{build_type()}},
  }};
  if (!as_json) {
    for (const auto& [name, text] : parts)
      std::cout << name << ' ' << text << '\n';
    return;
  }
  std::string json;
  for (const auto& [name, text] : parts) {
    json += json.empty() ? "{\"" : ", \"";
    json.append(name).append("\": \"");
    logic::append_json_escaped(json, text);
    json += '"';
  }
  std::cout << json << "}\n";
}

} // namespace

void add_version(CLI::App& app, ExitCode& outcome) {
  app.set_version_flag("-V,--version",
                       "millrace " + std::string{version} + " ("
                         + std::string{revision} + ")",
                       "the version; the command version tells more");
  auto* command = app.add_subcommand(
    "version", "Print the versions of millrace and of what it is built from.");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "as a JSON object");
  command->callback([as_json, &outcome] {
    print_version(*as_json);
    outcome = ExitCode::success;
  });
}

} // namespace millrace::node::commands
