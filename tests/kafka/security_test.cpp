#define CAF_SUITE security

#include "tests/kafka/security_fixture.hpp"
#include "tests/support/program.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using tests::Access;
using tests::NodeProcess;
using tests::Program;

namespace {

/// A way in that is closed, and what people are told of it.
struct ClosedWay {
  const char* name;
  Access access;
  std::string what;
  std::string remedy;
};

struct Fixture : tests::SecurityFixture {
  /// By the variables that other clients read.
  static Access scram_by_the_variables_of_the_trade() {
    return {broker().sasl_ssl(),
            {{"KAFKA_SECURITY_PROTOCOL", "SASL_SSL"},
             {"KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"},
             {"KAFKA_SASL_USERNAME", "millrace"},
             {"KAFKA_SASL_PASSWORD", broker().password() + "\n"},
             {"KAFKA_SSL_CA_LOCATION", broker().file("ca.pem")}}};
  }

  static std::vector<ClosedWay> closed_ways() {
    const auto& kafka = broker();
    const auto port_of = [](const std::string& server) {
      return server.substr(server.find(':'));
    };
    const Access nothing;
    const auto foreign = certificate()
                           .with("SSL_CERTIFICATE_FILE",
                                 kafka.file("other-ca.pem"))
                           .with("SSL_KEY_FILE", kafka.file("other-ca.key"));
    const auto expired = certificate()
                           .with("SSL_CERTIFICATE_FILE",
                                 kafka.file("expired.pem"))
                           .with("SSL_KEY_FILE", kafka.file("expired.key"));
    const auto none
      = certificate().without("SSL_CERTIFICATE_FILE").without("SSL_KEY_FILE");
    const auto protocol = "is kafka.security_protocol that of its listener?";
    return {
      {"a wrong password",
       scram().with("SASL_MECHANISM", "PLAIN").with("SASL_PASSWORD", "wrong"),
       "Authentication failed: Invalid username or password",
       "check kafka.sasl_mechanism, kafka.sasl_username and "
       "kafka.sasl_password"},
      {"an unknown user", scram().with("SASL_USERNAME", "nobody"),
       "invalid credentials with SASL mechanism SCRAM-SHA-512",
       "check kafka.sasl_mechanism, kafka.sasl_username and "
       "kafka.sasl_password"},
      {"a wrong mechanism", scram().with("SASL_MECHANISM", "SCRAM-SHA-256"),
       "broker's supported mechanisms: PLAIN,SCRAM-SHA-512,OAUTHBEARER",
       "set kafka.sasl_mechanism to one of these"},
      {"a name that is not in the certificate",
       scram().at("127.1" + port_of(kafka.sasl_ssl())), "hostname mismatch",
       "use one of them in kafka.bootstrap_servers"},
      {"a certificate that has expired", expired, "expired.pem has expired",
       "put a certificate there that is valid"},
      {"a certificate that nobody trusts", foreign, "SSL alert",
       "an authority issued it that the brokers trust"},
      {"no certificate", none, "SSL alert",
       "check kafka.ssl_certificate_file and kafka.ssl_key_file"},
      {"plaintext to TLS", nothing.at(kafka.ssl()), kafka.ssl(), protocol},
      {"plaintext to SASL", nothing.at(kafka.sasl_plaintext()),
       kafka.sasl_plaintext(), protocol},
      {"TLS to plaintext", none.at(kafka.plaintext()), kafka.plaintext(),
       protocol},
      {"TLS to SASL", none.at(kafka.sasl_ssl()), kafka.sasl_ssl(), protocol},
      {"SASL to plaintext", scram_256().at(kafka.plaintext()),
       kafka.plaintext(), "this listener knows no SASL"},
      {"a broker that names a wrong address", nothing.at(kafka.unreachable()),
       "127.0.0.1:1/1: Connect to", "its advertised.listeners"},
      {"nobody there", nothing.at("127.0.0.1:1"), "Connection refused",
       "check kafka.bootstrap_servers, and that a broker listens there"},
      {"an unknown host", nothing.at("no-such-host.invalid:9092"),
       "Failed to resolve 'no-such-host.invalid:9092'",
       "check kafka.bootstrap_servers"},
      {"no token endpoint", oauth(1), "https://127.0.0.1:1/token",
       "check kafka.oauth_token_url"}};
  }

  std::unique_ptr<Program> start_check(const Access& access) {
    std::vector<std::string> arguments{tests::millrace_binary(), "check",
                                       "--connect", "--deadline", "4s"};
    for (const auto& name : names())
      arguments.insert(arguments.end(), {"--set", name});
    return std::make_unique<Program>(arguments, access.environment());
  }

  std::unique_ptr<NodeProcess> start(const Access& access) {
    return std::make_unique<NodeProcess>(access.servers, names(),
                                         access.variables);
  }

  static bool all_told(const std::string& text, const ClosedWay& way) {
    return text.find(way.what) != std::string::npos
           && text.find(way.remedy) != std::string::npos;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(security_tests, Fixture)

CAF_TEST(a_node_works_over_tls_with_scram) {
  works_by(scram());
}

CAF_TEST(a_node_works_without_tls_with_the_shorter_scram) {
  works_by(scram_256());
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

/// Both `check --connect` and the node say where, what is amiss and what to do
/// about it. Nothing is taken in or passed on.
CAF_TEST(each_way_that_is_closed_is_named_with_what_to_do) {
  generate(500);
  const auto ways = closed_ways();
  std::vector<std::unique_ptr<NodeProcess>> nodes;
  std::vector<std::unique_ptr<Program>> checks;
  for (const auto& way : ways) {
    nodes.push_back(start(way.access));
    checks.push_back(start_check(way.access));
  }
  for (std::size_t index = 0; index != ways.size(); ++index) {
    const auto& way = ways[index];
    CAF_MESSAGE(way.name);
    CAF_CHECK_EQUAL(checks[index]->wait(60s), 5);
    CAF_CHECK(all_told(checks[index]->output(), way));
    if (!all_told(checks[index]->output(), way))
      std::cerr << way.name << ": " << checks[index]->output();
    CAF_CHECK(is_unready(*nodes[index], way.what, way.remedy));
    CAF_CHECK_EQUAL(nodes[index]->http_code("/health/live"), 200);
    CAF_CHECK_EQUAL(nodes[index]->finished(), 0u);
    CAF_CHECK_EQUAL(nodes[index]->stop(), 0);
  }
  works_by(scram());
}

CAF_TEST(a_group_that_is_refused_is_named_and_loses_nothing) {
  broker().reserve_group(kafka.consumer_group);
  generate(500);
  auto node = start_node(scram());
  CAF_CHECK(
    is_unready(node, "GROUP_AUTHORIZATION_FAILED", "--operation Read --group"));
  CAF_CHECK_EQUAL(node.finished(), 0u);
  broker().open_group(kafka.consumer_group);
  ends_well(node);
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
  ends_well(node);
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
  ends_well(node);
}

CAF_TEST_FIXTURE_SCOPE_END()
