#define CAF_SUITE credentials

#include "tests/kafka/security_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/program.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using tests::eventually;
using tests::NodeProcess;
using tests::Program;
using tests::TemporaryFolder;

namespace {

/// Nodes whose secrets are in files, which are replaced under way.
struct Fixture : tests::SecurityFixture {
  TemporaryFolder secrets;

  static bool is_ready(NodeProcess& node) {
    return eventually(30s,
                      [&] { return node.http_code("/health/ready") == 200; });
  }

  /// Of those that tools/real-kafka makes.
  std::string copy_of(const std::string& name, const std::string& as) const {
    std::ifstream file{broker().file(name), std::ios::binary};
    return secrets.write(as, std::string{std::istreambuf_iterator<char>{file},
                                         std::istreambuf_iterator<char>{}});
  }

  void password_is_replaced(const std::vector<std::string>& settings) {
    const auto user = kafka.consumer_group;
    broker().set_password(user, "first");
    const auto access = scram()
                          .with("SASL_USERNAME", user)
                          .without("SASL_PASSWORD")
                          .with("SASL_PASSWORD_FILE",
                                secrets.write("password", "first\n"));
    auto load = start_load(1'000, 20'000);
    auto node = start_node(access, settings);
    CAF_CHECK(eventually(30s, [&] { return node.finished() > 1'000; }));
    broker().set_password(user, "second");
    CAF_CHECK(is_unready(node, "invalid credentials", "kafka.sasl_password"));
    secrets.write("password", "second\n");
    CAF_CHECK(is_ready(node));
    CAF_CHECK_EQUAL(load.wait(60s), 0);
    ends_well(node);
  }

  std::unique_ptr<Program> start_endpoint(std::uint16_t port) {
    auto endpoint = std::make_unique<Program>(std::vector<std::string>{
      MILLRACE_SOURCE_DIR "/tests/kafka/token_endpoint", std::to_string(port),
      broker().file("server.pem"), broker().file("server.key"),
      secrets / "endpoint", "8"});
    CAF_REQUIRE(eventually(10s, [&] {
      return endpoint->output().find("listening") != std::string::npos;
    }));
    return endpoint;
  }

  static std::size_t tokens_of(const Program& endpoint) {
    const auto output = endpoint.output();
    const std::string line = "gave a token\n";
    std::size_t count = 0;
    for (auto at = output.find(line); at != std::string::npos;
         at = output.find(line, at + 1))
      ++count;
    return count;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(credentials_tests, Fixture)

CAF_TEST(a_password_that_is_replaced_is_taken_anew) {
  password_is_replaced({});
}

CAF_TEST(a_password_that_is_replaced_amid_transactions_is_taken_anew) {
  password_is_replaced({"delivery.guarantee=exactly_once", "node.name=n-1"});
}

CAF_TEST(certificates_that_are_replaced_are_taken_anew) {
  const auto access = certificate()
                        .with("SSL_CA_FILE", copy_of("other-ca.pem", "ca.pem"))
                        .with("SSL_CERTIFICATE_FILE",
                              copy_of("expired.pem", "node.pem"))
                        .with("SSL_KEY_FILE",
                              copy_of("expired.key", "node.key"));
  generate(1'000);
  auto node = start_node(access);
  CAF_CHECK(is_unready(node, "node.pem has expired",
                       "they are read anew at each connection"));
  copy_of("client.key", "node.key");
  copy_of("client.pem", "node.pem");
  CAF_CHECK(is_unready(node, "certificate verify failed", "kafka.ssl_ca_file"));
  copy_of("ca.pem", "ca.pem");
  ends_well(node);
}

CAF_TEST(tokens_are_fetched_and_renewed_and_a_lost_endpoint_is_named) {
  secrets.write("endpoint", "right");
  const auto port = tests::free_port();
  auto endpoint = start_endpoint(port);
  const auto access = oauth(port)
                        .without("OAUTH_CLIENT_SECRET")
                        .with("OAUTH_CLIENT_SECRET_FILE",
                              secrets.write("node", "wrong"));
  auto node = start_node(access);
  CAF_CHECK(
    is_unready(node, "/token answers HTTP 401", "check kafka.oauth_token_url"));
  secrets.write("node", "right\n");
  auto load = start_load(1'000, 30'000);
  CAF_CHECK(is_ready(node));
  CAF_CHECK_EQUAL(check(access).code, 0);
  const auto tokens = tokens_of(*endpoint);
  CAF_CHECK(
    eventually(20s, [&] { return tokens_of(*endpoint) >= tokens + 4; }));
  CAF_CHECK_EQUAL(node.http_code("/health/ready"), 200);
  endpoint->send_signal(SIGKILL);
  CAF_CHECK_EQUAL(endpoint->wait(5s), -SIGKILL);
  // Who is connected works on until the token has ended.
  CAF_CHECK(is_unready(node, "Kafka: for you to know",
                       "OAUTHBEARER token: https://127.0.0.1:"));
  secrets.write("endpoint", "another");
  secrets.write("node", "another");
  endpoint = start_endpoint(port);
  CAF_CHECK(is_ready(node));
  CAF_CHECK_EQUAL(load.wait(60s), 0);
  ends_well(node);
}

CAF_TEST_FIXTURE_SCOPE_END()
