#pragma once

#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::tests {

using namespace std::chrono_literals;

/// How a node comes to the broker: the variables that it documents.
struct Access {
  std::string servers;
  Environment variables;

  /// The same with this variable, in place of the one that is there.
  Access with(const std::string& name, const std::string& value) const {
    auto other = without(name);
    other.variables.emplace_back("MILLRACE_KAFKA_" + name, value);
    return other;
  }

  Access without(const std::string& name) const {
    auto other = *this;
    std::erase_if(other.variables, [&](const auto& variable) {
      return variable.first == "MILLRACE_KAFKA_" + name;
    });
    return other;
  }

  Access at(const std::string& others) const { return {others, variables}; }

  Environment environment() const {
    auto all = variables;
    all.emplace_back("KAFKA_BOOTSTRAP_SERVERS", servers);
    return all;
  }
};

/// Nodes that come by the secure listeners.
struct SecurityFixture : RealKafkaFixture {
  SecurityFixture() { create_topics(); }

  static Access scram() {
    return {broker().sasl_ssl(),
            {{"MILLRACE_KAFKA_SECURITY_PROTOCOL", "sasl_ssl"},
             {"MILLRACE_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"},
             {"MILLRACE_KAFKA_SASL_USERNAME", "millrace"},
             {"MILLRACE_KAFKA_SASL_PASSWORD", broker().password()},
             {"MILLRACE_KAFKA_SSL_CA_FILE", broker().file("ca.pem")}}};
  }

  /// Without TLS.
  static Access scram_256() {
    return scram()
      .at(broker().sasl_plaintext())
      .with("SECURITY_PROTOCOL", "sasl_plaintext")
      .with("SASL_MECHANISM", "SCRAM-SHA-256")
      .without("SSL_CA_FILE");
  }

  /// By PLAIN, with the password from its file.
  static Access plain() {
    return scram()
      .with("SASL_MECHANISM", "PLAIN")
      .without("SASL_PASSWORD")
      .with("SASL_PASSWORD_FILE", broker().file("password"));
  }

  static Access certificate() {
    return {
      broker().ssl(),
      {{"MILLRACE_KAFKA_SECURITY_PROTOCOL", "ssl"},
       {"MILLRACE_KAFKA_SSL_CA_FILE", broker().file("ca.pem")},
       {"MILLRACE_KAFKA_SSL_CERTIFICATE_FILE", broker().file("client.pem")},
       {"MILLRACE_KAFKA_SSL_KEY_FILE", broker().file("client.key")}}};
  }

  /// By tokens of the endpoint at that port.
  static Access oauth(std::uint16_t port) {
    return {broker().sasl_ssl(),
            {{"MILLRACE_KAFKA_SECURITY_PROTOCOL", "sasl_ssl"},
             {"MILLRACE_KAFKA_SSL_CA_FILE", broker().file("ca.pem")},
             {"MILLRACE_KAFKA_SASL_MECHANISM", "OAUTHBEARER"},
             {"MILLRACE_KAFKA_OAUTH_TOKEN_URL",
              "https://127.0.0.1:" + std::to_string(port) + "/token"},
             {"MILLRACE_KAFKA_OAUTH_CLIENT_ID", "millrace"},
             {"MILLRACE_KAFKA_OAUTH_CLIENT_SECRET", "secret"},
             {"MILLRACE_KAFKA_OAUTH_CA_FILE", broker().file("ca.pem")}}};
  }

  NodeProcess start_node(const Access& access,
                         const std::vector<std::string>& more = {}) {
    auto settings = names();
    settings.insert(settings.end(), more.begin(), more.end());
    return NodeProcess{access.servers, settings, access.variables};
  }

  ProgramOutcome check(const Access& access) {
    return command({"check", "--connect", "--deadline", "4s"},
                   access.environment());
  }

  /// Checks, runs, and proves.
  void works_by(const Access& access) {
    const auto checked = check(access);
    CAF_CHECK_EQUAL(checked.code, 0);
    CAF_CHECK(checked.says("ok      broker " + access.servers + ": answers"));
    CAF_CHECK(checked.says("ok      topic " + kafka.input_topic
                           + " (kafka.input_topic): 4 partitions"));
    if (checked.code != 0)
      std::cerr << checked.output;
    if (written == 0)
      generate(1'000);
    auto node = start_node(access);
    ends_well(node);
  }

  /// Finishes all that was written, each record once, and is ready.
  void ends_well(NodeProcess& node) {
    CAF_CHECK(all_settled(node));
    CAF_CHECK(
      eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
    CAF_CHECK_EQUAL(node.stop(), 0);
    CAF_CHECK(proven(logic::verification::Guarantee::exactly_once));
  }

  static bool is_unready(NodeProcess& node, std::string_view what,
                         std::string_view remedy) {
    const auto told = [&] {
      const auto log = node.log();
      return log.find(what) != std::string::npos
             && log.find(remedy) != std::string::npos
             && node.http_code("/health/ready") == 503;
    };
    if (eventually(20s, told))
      return true;
    std::cerr << node.log();
    return false;
  }
};

} // namespace millrace::tests
