#define CAF_SUITE health_command

#include "caf/test/dsl.hpp"

#include "adapters/kafka/embedded_broker.hpp"
#include "node/commands/commands.hpp"
#include "node/endpoint/http_endpoint.hpp"
#include "tests/node/commands/shell.hpp"
#include "tests/node/config/config_sample.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace millrace;
using namespace millrace::node;
using sample::contains;

namespace {

tests::CommandOutcome run(const std::vector<std::string>& words) {
  return tests::run(commands::add_health, "health", words);
}

std::unique_ptr<HttpEndpoint> serve(Readiness readiness, bool alive) {
  HttpConfig config;
  config.port = 0;
  HttpSources sources;
  sources.readiness = [readiness] { return readiness; };
  sources.alive = [alive] { return alive; };
  auto endpoint = HttpEndpoint::start(config, std::move(sources));
  CAF_REQUIRE(endpoint.has_value());
  return std::move(*endpoint);
}

std::string port_of(const HttpEndpoint& endpoint) {
  return std::to_string(endpoint.port());
}

} // namespace

CAF_TEST(a_node_that_takes_work_is_healthy) {
  const auto node = serve({.ready = true, .reason = ""}, true);
  const auto port = "http.port=" + port_of(*node);
  for (const auto& words : std::vector<std::vector<std::string>>{
         {"--set", port},
         {"--ready", "--set", port},
         {"--set", port, "--set", "http.address=0.0.0.0"},
         {"--url", "http://127.0.0.1:" + port_of(*node)}}) {
    const auto outcome = run(words);
    CAF_CHECK(outcome.code == ExitCode::success);
    CAF_CHECK_EQUAL(outcome.out, "ready\n");
    CAF_CHECK_EQUAL(outcome.err, "");
  }
}

CAF_TEST(a_node_may_live_and_not_be_ready) {
  const auto node = serve({.ready = false, .reason = "waiting for partitions"},
                          true);
  const auto url = "http://127.0.0.1:" + port_of(*node);
  const auto ready = run({"--url", url});
  CAF_CHECK(ready.code == ExitCode::failure);
  CAF_CHECK_EQUAL(ready.err, "error: not ready: waiting for partitions\n");
  CAF_CHECK_EQUAL(run({"--live", "--url", url}).out, "live\n");
}

CAF_TEST(a_node_that_cannot_go_on_is_not_live) {
  const auto node = serve({.ready = false, .reason = "draining"}, false);
  const auto outcome = run(
    {"--live", "--url", "http://127.0.0.1:" + port_of(*node)});
  CAF_CHECK(outcome.code == ExitCode::failure);
  CAF_CHECK(contains(outcome.err, "not live: HTTP status 503"));
}

CAF_TEST(a_node_that_does_not_run_is_unavailable) {
  std::string url;
  {
    const auto node = serve({.ready = true, .reason = ""}, true);
    url = "http://127.0.0.1:" + port_of(*node);
  }
  const auto outcome = run({"--url", url});
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK(contains(outcome.err, "nobody answers at " + url));
}

CAF_TEST(the_broker_is_the_one_of_the_health_check) {
  auto broker = adapters::kafka::EmbeddedBroker::start({});
  CAF_REQUIRE(broker.has_value());
  const auto servers = (*broker)->bootstrap_servers();
  const auto colon = servers.rfind(':');
  const auto outcome = run(
    {"--broker", "--set", "kafka.bootstrap_servers=nowhere.invalid:9092",
     "--set", "kafka.bootstrap_host=" + servers.substr(0, colon), "--set",
     "kafka.bootstrap_port=" + servers.substr(colon + 1)});
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK_EQUAL(outcome.out, "broker " + servers + " answers\n");
}

CAF_TEST(a_broker_that_is_away_is_unavailable) {
  const auto outcome = run({"--broker", "--deadline", "300ms", "--set",
                            "kafka.bootstrap_host=127.0.0.1", "--set",
                            "kafka.bootstrap_port=1"});
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK(contains(outcome.err, "127.0.0.1:1"));
}

CAF_TEST(a_wrong_command_line_or_configuration_is_told) {
  CAF_CHECK(run({"--live", "--ready"}).code == ExitCode::usage);
  CAF_CHECK(run({"--broker", "--live"}).code == ExitCode::usage);
  CAF_CHECK(run({"--url", "https://127.0.0.1"}).code == ExitCode::usage);
  CAF_CHECK(run({"--deadline", "soon"}).code == ExitCode::usage);
  CAF_CHECK(run({"--set", "http.prot=1"}).code == ExitCode::invalid_config);
  CAF_CHECK(contains(run({"--set", "http.enabled=false"}).err, "--url"));
}
