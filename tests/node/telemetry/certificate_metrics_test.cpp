#define CAF_SUITE certificate_metrics

#include "node/telemetry/certificate_metrics.hpp"

#include "adapters/links/certificate_authority.hpp"
#include "tests/support/metric_text.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

double days_left(const prometheus::Collectable& metrics,
                 const std::string& use) {
  const auto at = tests::metric_value(
    metrics,
    "millrace_certificate_expiry_timestamp_seconds{use=\"" + use + "\"}");
  if (!at)
    return -1;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return (*at - std::chrono::duration<double>{now}.count()) / 86'400;
}

} // namespace

CAF_TEST(the_expiry_of_each_file_shows_and_follows_the_file) {
  const tests::TemporaryFolder folder;
  const auto issue = [&folder](const std::string& name, int days) {
    const auto issued = adapters::links::issue_certificates(
      {folder.path(), {name}, {}, std::chrono::days{days}});
    CAF_REQUIRE(issued.has_value());
    return issued->nodes.front().certificate_file;
  };
  node::NodeConfig config;
  config.link.enabled = true;
  config.link.certificate_file = issue("a", 10);
  config.link.ca_file = folder.path() + "/ca.crt";
  config.kafka.ssl_certificate_file = issue("b", 20);
  config.kafka.ssl_ca_file = folder.path() + "/missing";
  const auto metrics = node::make_certificate_metrics(config);
  CAF_CHECK_LESS(std::abs(days_left(*metrics, "link_certificate") - 10), 0.1);
  CAF_CHECK_LESS(std::abs(days_left(*metrics, "kafka_certificate") - 20), 0.1);
  CAF_CHECK(days_left(*metrics, "link_ca") > 0);
  CAF_CHECK_EQUAL(days_left(*metrics, "kafka_ca"), -1);
  std::filesystem::rename(issue("c", 30), config.link.certificate_file);
  CAF_CHECK_LESS(std::abs(days_left(*metrics, "link_certificate") - 30), 0.1);
  CAF_CHECK_EQUAL(tests::metric_text(*node::make_certificate_metrics({})), "");
}
