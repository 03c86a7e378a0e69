#define CAF_SUITE metrics_page

#include "actors/telemetry/metrics.hpp"
#include "adapters/links/certificate_authority.hpp"
#include "node/endpoint/http_routes.hpp"
#include "node/telemetry/certificate_metrics.hpp"
#include "node/telemetry/log_metrics.hpp"
#include "node/telemetry/logging.hpp"
#include "node/telemetry/process_metrics.hpp"
#include "tests/support/metric_text.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <prometheus/registry.h>

#include <array>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace actors = millrace::actors;
namespace logic = millrace::logic;
namespace node = millrace::node;
namespace tests = millrace::tests;

namespace {

using Names = std::set<std::string>;

std::string content_of(const std::string& path) {
  std::ifstream file{MILLRACE_SOURCE_DIR "/" + path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Names found by the first group of the pattern.
Names find_names(const std::string& text, const std::string& pattern) {
  const std::regex expression{pattern};
  Names names;
  for (std::sregex_iterator hit{text.begin(), text.end(), expression};
       hit != std::sregex_iterator{}; ++hit) {
    names.insert((*hit)[1]);
  }
  return names;
}

/// Names in the first column of the page's tables.
Names documented() {
  return find_names(content_of("docs/metrics.md"), "\n\\| `([a-z_]+)` \\|");
}

/// Names that a node serves once each of its series has a value.
Names served() {
  const auto registry = std::make_shared<prometheus::Registry>();
  actors::Metrics metrics{registry};
  metrics.credit_bytes("lane", actors::CreditState::used);
  metrics.limit_reached("retries");
  metrics.count_delivery_failures("output", "MSG_SIZE_TOO_LARGE", 1);
  metrics.count_error("consumer", logic::ErrorCode::timed_out);
  metrics.count_recreated("logins");
  metrics.count_restart("encoder", "failure");
  metrics.circuit_state("output");
  metrics.set_build("0.1.0", "abc");
  metrics.set_model("m1");
  metrics.link_round_trips.set("node-2", 0.001);
  metrics.link_credit.set("node-2", 1);
  metrics.lag.set("logins", logic::PartitionId{0}, 1);
  auto logging = node::Logging::start({});
  CAF_REQUIRE(logging.has_value());
  const tests::TemporaryFolder folder;
  const auto issued = millrace::adapters::links::issue_certificates(
    {folder.path(), {"node-1"}, {}});
  CAF_REQUIRE(issued.has_value());
  node::NodeConfig config;
  config.kafka.ssl_ca_file = issued->ca_file;
  node::HttpSources sources;
  sources.registry = registry;
  sources.collectables = {node::make_log_metrics(*logging),
                          node::make_process_metrics(),
                          node::make_certificate_metrics(config)};
  sources.readiness = [] { return node::Readiness{}; };
  const auto page = respond({"GET", "/metrics", "", "127.0.0.1"}, sources).body;
  return find_names(page, "# HELP ([a-z_]+) .");
}

std::string missing(const Names& from, const Names& in) {
  std::string all;
  for (const auto& name : in) {
    if (!from.contains(name)) {
      all += name + ' ';
    }
  }
  return all;
}

} // namespace

CAF_TEST(every_name_served_is_on_the_page) {
  const auto names = served();
  CAF_CHECK(names.size() > 30);
  CAF_CHECK_EQUAL(missing(documented(), names), "");
}

CAF_TEST(every_name_in_the_sources_is_on_the_page) {
  for (const auto* path :
       {"actors/telemetry/metric_definitions.hpp",
        "node/endpoint/http_routes.cpp", "node/telemetry/log_metrics.cpp",
        "node/telemetry/process_metrics.cpp"}) {
    const auto names = find_names(content_of(path),
                                  "\"((?:kafka|millrace|process)_[a-z_]+)\"");
    CAF_CHECK(!names.empty());
    CAF_CHECK_EQUAL(missing(documented(), names), "");
  }
}

CAF_TEST(every_name_on_the_page_is_served) {
  CAF_CHECK_EQUAL(missing(served(), documented()), "");
}

CAF_TEST(the_mandated_names_are_served) {
  const auto names = served();
  for (const auto* name :
       {"kafka_messages_processed_total", "kafka_processing_duration_seconds",
        "kafka_consumer_lag_records"}) {
    CAF_CHECK(names.contains(name));
  }
}

CAF_TEST(the_process_is_described_by_its_own_numbers) {
  const auto process = node::make_process_metrics();
  const auto value = [&](std::string_view name) {
    return tests::metric_value(*process, name).value_or(-1);
  };
  CAF_CHECK(value("process_resident_memory_bytes") > 1e6);
  CAF_CHECK(value("process_cpu_seconds_total") > 0);
  CAF_CHECK(value("process_start_time_seconds") > 1.7e9);
  CAF_CHECK(value("process_threads") >= 1);
  const auto before = value("process_open_fds");
  std::array<std::ifstream, 3> files;
  for (auto& file : files) {
    file.open("/proc/self/stat");
  }
  CAF_CHECK_EQUAL(value("process_open_fds"), before + 3);
}
