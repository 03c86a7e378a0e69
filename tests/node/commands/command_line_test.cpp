#define CAF_SUITE command_line

#include "caf/test/dsl.hpp"

#include "adapters/kafka/embedded_broker.hpp"
#include "node/commands/commands.hpp"
#include "node/commands/connect_check.hpp"
#include "node/config/load_config.hpp"
#include "tests/node/commands/shell.hpp"
#include "tests/node/config/config_sample.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>

using namespace millrace;
using namespace millrace::node;
using namespace std::chrono_literals;
using sample::contains;
using tests::TemporaryFolder;

namespace {

void add_throwing(CLI::App& app, ExitCode&) {
  app.add_subcommand("throw", "Throws.")->callback([] {
    throw std::runtime_error{"the tape is torn"};
  });
}

tests::CommandOutcome run(const std::vector<std::string>& words) {
  constexpr std::array<AddCommand, 5> some_commands{
    commands::add_check, commands::add_status, commands::add_version,
    add_throwing, commands::add_certificates};
  return tests::run(some_commands, words);
}

} // namespace

CAF_TEST(help_on_every_level_succeeds_on_the_standard_output) {
  for (const auto& words : std::vector<std::vector<std::string>>{
         {"--help"}, {"--help-all"}, {"check", "--help"}, {"version", "-h"}}) {
    const auto outcome = run(words);
    CAF_CHECK(outcome.code == ExitCode::success);
    CAF_CHECK(contains(outcome.out, "Usage: millrace"));
    CAF_CHECK_EQUAL(outcome.err, "");
  }
  CAF_CHECK(contains(run({"--help"}).out, "Exit codes: 0 success"));
  CAF_CHECK(contains(run({"check", "--help"}).out, "--bootstrap-servers"));
}

CAF_TEST(a_wrong_command_line_is_a_usage_error) {
  for (const auto& words : std::vector<std::vector<std::string>>{
         {},
         {"--nonsense"},
         {"chekc"},
         {"check", "--nonsense"},
         {"check", "--config"},
         {"check", "--config", ""},
         {"check", "--format", "xml"},
         {"check", "--connect", "--deadline", "soon"},
         {"status", "--interval", "1s"},
         {"status", "--watch", "--interval", "99ms"},
         {"status", "--watch", "--interval", "2h"},
         {"status", "--deadline", "0"},
         {"status", "--json", "--ascii"},
         {"version", "twice"}}) {
    const auto outcome = run(words);
    CAF_CHECK(outcome.code == ExitCode::usage);
    CAF_CHECK(contains(outcome.err, "error: "));
    CAF_CHECK_EQUAL(outcome.out, "");
  }
}

CAF_TEST(a_misspelt_command_is_told_the_nearest) {
  CAF_CHECK(contains(run({"chekc"}).err, "(did you mean 'check'?)"));
  CAF_CHECK(!contains(run({"--chekc"}).err, "did you mean"));
  CAF_CHECK(contains(run({"CHEKC"}).err, "there is no command 'CHEKC'"));
  CAF_CHECK(
    contains(run({"xyzzy"}).err, "there are check, status, version, throw"));
  CAF_CHECK(contains(run({}).err, "a command of millrace is required: check"));
}

CAF_TEST(a_misspelt_option_is_told_the_nearest) {
  CAF_CHECK(contains(run({"check", "--confg", "x"}).err,
                     "unknown option '--confg' of check (did you mean "
                     "'--config'?)"));
  CAF_CHECK(contains(run({"check", "--set", "a.b=c", "--conect"}).err,
                     "(did you mean '--connect'?)"));
  CAF_CHECK(contains(run({"--verison"}).err, "(did you mean '--version'?)"));
}

CAF_TEST(the_help_and_the_documentation_list_every_exit_code) {
  const auto help = run({"--help"}).out;
  std::ostringstream text;
  text << std::ifstream{std::string{MILLRACE_SOURCE_DIR}
                        + "/docs/operations.md"}
            .rdbuf();
  const auto page = text.str();
  std::size_t rows = 0;
  for (const auto& info : exit_codes) {
    const auto number = std::to_string(to_int(info.code));
    CAF_CHECK(contains(help, " " + number + " "));
    const auto row = "\n| " + number + " | " + std::string{info.name} + " | ";
    if (!contains(page, row))
      CAF_ERROR("docs/operations.md has no row" << row);
  }
  const auto begin = page.find("## Exit codes");
  const auto end = page.find("\n## ", begin + 1);
  for (auto at = page.find("\n| ", begin); at < end;
       at = page.find("\n| ", at + 1))
    ++rows;
  CAF_CHECK_EQUAL(rows, exit_codes.size() + 2); // with the head
}

CAF_TEST(an_exception_ends_as_a_sentence) {
  const auto outcome = run({"throw"});
  CAF_CHECK(outcome.code == ExitCode::failure);
  CAF_CHECK_EQUAL(outcome.err, "error: the tape is torn\n");
}

CAF_TEST(version_is_an_option_too) {
  for (const auto* option : {"--version", "-V"}) {
    const auto outcome = run({option});
    CAF_CHECK(outcome.code == ExitCode::success);
    CAF_CHECK(outcome.out.starts_with("millrace "));
    CAF_CHECK_EQUAL(outcome.err, "");
  }
}

CAF_TEST(version_names_what_it_is_built_from) {
  const auto outcome = run({"version"});
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK(contains(outcome.out, "caf 0.18.7\n"));
  CAF_CHECK(contains(outcome.out, "librdkafka "));
  const auto json = boost::json::parse(run({"version", "--json"}).out);
  CAF_CHECK(json.at("caf").as_string() == "0.18.7");
  for (const auto* part :
       {"millrace", "commit", "boost_json", "compiler", "build"})
    CAF_CHECK(!json.at(part).as_string().empty());
}

CAF_TEST(status_takes_only_http_urls) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> faults{
    {"asks for TLS, which a node does not serve", {"https://127.0.0.1:9108"}},
    {"is no http:// URL", {"127.0.0.1:9108", "ftp://127.0.0.1", ""}},
    {"names no host", {"http://", "http://:9108", "http:///status"}},
    {"names an IPv6 address", {"http://[::1]:9108", "http://[::1"}},
    {"names no port from 1 to 65535",
     {"http://a:0", "http://a:65536", "http://a:12x", "http://a:"}},
    {"holds what is no part of",
     {"http://me@a:1", "http://a:1/?b", "http://a:1/#b",
      "http://a:1/ HTTP/1.1\r\nX: y"}}};
  for (const auto& [text, urls] : faults)
    for (const auto& url : urls) {
      const auto outcome = run({"status", "--url", url});
      CAF_CHECK(outcome.code == ExitCode::usage);
      CAF_CHECK_EQUAL(outcome.out, "");
      CAF_CHECK(contains(outcome.err, text));
      CAF_CHECK(contains(outcome.err, "such as http://127.0.0.1:9108"));
    }
}

CAF_TEST(every_node_that_is_named_gets_a_certificate) {
  const TemporaryFolder folder;
  const auto outcome = run({"certificates", "--folder", folder / "pki",
                            "--also", "localhost,127.0.0.1", "a", "b"});
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK(contains(outcome.out, "a: "));
  CAF_CHECK(contains(outcome.out, "b: "));
}

CAF_TEST(check_prints_the_configuration_of_all_flags_and_accepts_it) {
  const TemporaryFolder folder;
  const auto file = folder.write("m.yaml", "kafka:\n  linger: 7ms\n"
                                           "  input_topic: from-file\n");
  const auto outcome = run(
    {"check", "--config", file, "--set", "flow.workers=3", "--set",
     "kafka.properties=debug=broker,client.rack=[a]", "--input-topic",
     "from-flag", "--output-topic", "out", "--dlq-topic", "dead", "--group",
     "group", "--bootstrap-servers", "one:1,two:2", "--log-level", "ERROR"});
  CAF_CHECK_EQUAL(outcome.err, "");
  CAF_CHECK(outcome.code == ExitCode::success);
  for (const auto* line :
       {"kafka.linger = 7ms ", "flow.workers = 3 ",
        "kafka.properties = debug=broker,client.rack=[a] ",
        "kafka.input_topic = from-flag ", "kafka.output_topic = out ",
        "kafka.dlq_topic = dead ", "kafka.consumer_group = group ",
        "kafka.bootstrap_servers = one:1,two:2 ", "log.level = error ",
        "(flag --set)", "(flag --input-topic)", "the configuration is valid: "})
    CAF_CHECK(contains(outcome.out, line));
}

CAF_TEST(check_refuses_with_every_fault_on_the_error_output) {
  const auto outcome = run({"check", "--set", "flow.workers=-1", "--set",
                            "kafka.linge=1", "--config", "/nowhere.yaml"});
  CAF_CHECK(outcome.code == ExitCode::invalid_config);
  CAF_CHECK_EQUAL(outcome.out, "");
  CAF_CHECK(contains(outcome.err, "flow.workers: expected"));
  CAF_CHECK(contains(outcome.err, "did you mean 'kafka.linger'?"));
  CAF_CHECK(contains(outcome.err, "cannot read /nowhere.yaml"));
  CAF_CHECK(contains(outcome.err, "refused: 3 faults\n"));
}

CAF_TEST(check_prints_json_also_of_what_it_refuses) {
  const auto outcome = run(
    {"check", "--format", "json", "--set", "flow.workers=-1"});
  CAF_CHECK(outcome.code == ExitCode::invalid_config);
  const auto json = boost::json::parse(outcome.out);
  CAF_CHECK_EQUAL(json.at("valid").as_bool(), false);
  CAF_CHECK_EQUAL(json.at("faults").as_array().size(), 1u);
}

CAF_TEST(check_prints_a_settings_file_that_it_accepts) {
  const auto first = run({"check", "--format", "yaml", "--group", "other"});
  CAF_REQUIRE(first.code == ExitCode::success);
  const TemporaryFolder folder;
  const auto file = folder.write("shown.yaml", first.out);
  const auto second = run({"check", "-c", file});
  CAF_CHECK(second.code == ExitCode::success);
  CAF_CHECK(contains(second.out, "kafka.consumer_group = other "));
}

CAF_TEST(check_finds_broker_and_topics_and_says_what_is_missing) {
  const auto broker = adapters::kafka::EmbeddedBroker::start(
    {.topics = {{"in", 3}, {"out", 1}}});
  CAF_REQUIRE(broker);
  NodeConfig config;
  config.kafka.bootstrap_servers = (*broker)->bootstrap_servers();
  config.kafka.input_topic = "in";
  config.kafka.output_topic = "out";
  config.kafka.dlq_topic = "to-be-created";
  config.kafka.create_topics = {"to-be-created:1:1"};
  config.kafka.insights_topic = "";
  config.geoip.files = {"/nowhere.mmdb"};
  config.detection.model_file = "/nowhere.forest";
  const auto items = commands::check_connections(config, 10s);
  CAF_REQUIRE_EQUAL(items.size(), 7u);
  CAF_CHECK(items[0].reached);
  CAF_CHECK_EQUAL(items[0].name, "broker " + (*broker)->bootstrap_servers());
  CAF_CHECK(items[1].text.starts_with("3 partitions, max.message.bytes"));
  CAF_CHECK(items[2].text.starts_with("1 partition, max.message.bytes"));
  CAF_CHECK(contains(items[2].text, "assumed")); // by the embedded broker
  for (std::size_t i = 0; i < items.size(); ++i)
    CAF_CHECK_EQUAL(items[i].reached, i < 5);
  CAF_CHECK_EQUAL(items[4].name, "group user-group (kafka.consumer_group)");
  CAF_CHECK(contains(items[5].text, "/nowhere.mmdb"));
  CAF_CHECK(contains(items[6].text, "/nowhere.forest"));
}

CAF_TEST(check_asks_the_host_that_is_for_health_checks) {
  const auto broker = adapters::kafka::EmbeddedBroker::start(
    {.topics = {{"user-login", 1}}});
  CAF_REQUIRE(broker);
  const auto servers = (*broker)->bootstrap_servers();
  const auto colon = servers.rfind(':');
  NodeConfig config;
  config.kafka.insights_topic = "";
  config.kafka.bootstrap_servers = "127.0.0.1:1";
  config.kafka.bootstrap_host = servers.substr(0, colon);
  config.kafka.bootstrap_port = std::stoi(servers.substr(colon + 1));
  auto items = commands::check_connections(config, 10s);
  CAF_CHECK(items[0].reached);
  CAF_CHECK_EQUAL(items[0].name,
                  "broker " + servers + " (kafka.bootstrap_host)");
  CAF_CHECK(items[1].reached);
  config.kafka.bootstrap_servers = servers;
  config.kafka.bootstrap_host = "127.0.0.1";
  config.kafka.bootstrap_port = 1;
  items = commands::check_connections(config, 300ms);
  CAF_CHECK(!items[0].reached);
  CAF_CHECK_EQUAL(items[0].name, "broker 127.0.0.1:1 (kafka.bootstrap_host)");
}

CAF_TEST(check_says_how_to_create_a_topic_that_is_missing) {
  const auto broker = adapters::kafka::EmbeddedBroker::start(
    {.topics = {{"user-login", 1}, {"processed-user-login", 1}}});
  CAF_REQUIRE(broker);
  const auto outcome = run({"check", "--connect", "--bootstrap-servers",
                            (*broker)->bootstrap_servers(), "--set",
                            "kafka.insights_topic="});
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK(contains(outcome.out, "failed  topic user-login-dlq"));
  CAF_CHECK(contains(outcome.out, "KAFKA_CREATE_TOPICS=user-login-dlq:"));
  CAF_CHECK(contains(outcome.out, "ok      topic user-login "));
}

CAF_TEST(check_says_that_no_broker_answers_within_the_deadline) {
  const auto outcome = run({"check", "--connect", "--deadline", "300ms",
                            "--format", "json", "--bootstrap-servers",
                            "127.0.0.1:1"});
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK(contains(outcome.err, "failed  broker 127.0.0.1:1: "));
  CAF_CHECK(contains(outcome.err, "unknown, see the broker"));
  CAF_CHECK(boost::json::parse(outcome.out).at("valid").as_bool());
}
