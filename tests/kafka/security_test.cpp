#define CAF_SUITE security

#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <iostream>
#include <string>
#include <string_view>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::Environment;
using tests::eventually;
using tests::NodeProcess;

namespace {

/// How a node comes to the broker: the variables that it documents.
struct Access {
  std::string servers;
  Environment variables;

  Access with(const std::string& name, const std::string& value) const {
    auto other = *this;
    for (auto& variable : other.variables)
      if (variable.first == "MILLRACE_KAFKA_" + name)
        variable.second = value;
    return other;
  }

  Environment environment() const {
    auto all = variables;
    all.emplace_back("KAFKA_BOOTSTRAP_SERVERS", servers);
    return all;
  }
};

struct Fixture : tests::RealKafkaFixture {
  Fixture() { create_topics(); }

  Access scram() const {
    return {broker().sasl_ssl(),
            {{"MILLRACE_KAFKA_SECURITY_PROTOCOL", "sasl_ssl"},
             {"MILLRACE_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"},
             {"MILLRACE_KAFKA_SASL_USERNAME", "millrace"},
             {"MILLRACE_KAFKA_SASL_PASSWORD", broker().password()},
             {"MILLRACE_KAFKA_SSL_CA_FILE", broker().file("ca.pem")}}};
  }

  /// The same by the variables that other clients read.
  Access scram_by_the_variables_of_the_trade() const {
    return {broker().sasl_ssl(),
            {{"KAFKA_SECURITY_PROTOCOL", "SASL_SSL"},
             {"KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"},
             {"KAFKA_SASL_USERNAME", "millrace"},
             {"KAFKA_SASL_PASSWORD", broker().password() + "\n"},
             {"KAFKA_SSL_CA_LOCATION", broker().file("ca.pem")}}};
  }

  /// By PLAIN, with the password from its file.
  Access plain() const {
    auto access = scram().with("SASL_MECHANISM", "PLAIN");
    access.variables[3] = {"MILLRACE_KAFKA_SASL_PASSWORD_FILE",
                           broker().file("password")};
    return access;
  }

  Access certificate() const {
    return {
      broker().ssl(),
      {{"MILLRACE_KAFKA_SECURITY_PROTOCOL", "ssl"},
       {"MILLRACE_KAFKA_SSL_CA_FILE", broker().file("ca.pem")},
       {"MILLRACE_KAFKA_SSL_CERTIFICATE_FILE", broker().file("client.pem")},
       {"MILLRACE_KAFKA_SSL_KEY_FILE", broker().file("client.key")}}};
  }

  NodeProcess start_node(const Access& access) {
    return NodeProcess{access.servers, names(), access.variables};
  }

  tests::ProgramOutcome check(const Access& access) {
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
    CAF_CHECK(all_settled(node));
    CAF_CHECK(
      eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
    CAF_CHECK_EQUAL(node.stop(), 0);
    CAF_CHECK(proven(Guarantee::exactly_once));
  }

  /// Checks and runs, and is told in these words by both what is amiss and
  /// what to do about it. Nothing is taken in or passed on.
  void is_told(const Access& access, std::string_view what,
               std::string_view remedy) {
    const auto checked = check(access);
    CAF_CHECK_EQUAL(checked.code, 5);
    CAF_CHECK(checked.says("failed  broker " + access.servers));
    CAF_CHECK(checked.says(std::string{what}));
    CAF_CHECK(checked.says(std::string{remedy}));
    generate(500);
    auto node = start_node(access);
    CAF_CHECK(is_unready(node, what, remedy));
    CAF_CHECK_EQUAL(node.http_code("/health/live"), 200);
    CAF_CHECK_EQUAL(node.finished(), 0u);
    CAF_CHECK_EQUAL(node.stop(), 0);
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

} // namespace

CAF_TEST_FIXTURE_SCOPE(security_tests, Fixture)

CAF_TEST(a_node_works_over_tls_with_scram) {
  works_by(scram());
}

CAF_TEST(a_node_works_by_the_variables_of_the_trade) {
  works_by(scram_by_the_variables_of_the_trade());
}

CAF_TEST(a_node_works_over_tls_with_plain) {
  works_by(plain());
}

CAF_TEST(a_node_works_over_mutual_tls) {
  works_by(certificate());
}

CAF_TEST(a_wrong_password_is_named_and_loses_nothing) {
  is_told(scram().with("SASL_PASSWORD", "wrong"),
          "invalid credentials with SASL mechanism SCRAM-SHA-512",
          "check kafka.sasl_mechanism, kafka.sasl_username and "
          "kafka.sasl_password");
  works_by(scram());
}

CAF_TEST(an_authority_that_is_not_trusted_is_named_and_loses_nothing) {
  is_told(plain().with("SSL_CA_FILE", broker().file("other-ca.pem")),
          "certificate verify failed",
          "check that kafka.ssl_ca_file holds the authority");
  works_by(plain());
}

CAF_TEST(a_missing_certificate_is_named) {
  auto access = certificate();
  access.variables.resize(2);
  is_told(access, "SSL alert",
          "check kafka.ssl_certificate_file and kafka.ssl_key_file");
}

CAF_TEST(a_listener_of_another_protocol_is_named) {
  const Access access{broker().ssl(), {}};
  is_told(access, "is kafka.security_protocol that of its listener?",
          "is a broker listening there");
}

CAF_TEST(an_input_that_is_refused_is_named_and_loses_nothing) {
  broker().reserve_topic(kafka.input_topic);
  const auto checked = check(scram());
  CAF_CHECK_EQUAL(checked.code, 5);
  CAF_CHECK(checked.says("failed  topic " + kafka.input_topic));
  CAF_CHECK(checked.says("or this user may not see it"));
  generate(500);
  auto node = start_node(scram());
  CAF_CHECK(is_unready(node, kafka.input_topic, "kafka-acls --add"));
  CAF_CHECK_EQUAL(node.finished(), 0u);
  broker().open_topic(kafka.input_topic);
  CAF_CHECK(all_settled(node));
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(an_output_that_is_refused_is_named_and_loses_nothing) {
  broker().reserve_topic(kafka.output_topic);
  const auto checked = check(certificate());
  CAF_CHECK_EQUAL(checked.code, 5);
  CAF_CHECK(checked.says("failed  topic " + kafka.output_topic));
  CAF_CHECK(checked.says("or this user may not see it"));
  generate(500);
  auto node = start_node(certificate());
  CAF_CHECK(is_unready(node, kafka.output_topic, "kafka-acls --add"));
  broker().open_topic(kafka.output_topic);
  CAF_CHECK(all_settled(node));
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST_FIXTURE_SCOPE_END()
