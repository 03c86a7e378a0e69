#define CAF_SUITE client

#include "adapters/kafka/client.hpp"

#include "caf/test/dsl.hpp"

#include <string_view>

using namespace millrace::adapters::kafka;

CAF_TEST(a_member_may_commit_again_after_a_rebalance) {
  using millrace::logic::ErrorCode;
  CAF_CHECK_EQUAL(to_code(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION),
                  ErrorCode::unavailable);
  CAF_CHECK_EQUAL(to_code(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS),
                  ErrorCode::unavailable);
  CAF_CHECK_EQUAL(to_code(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID),
                  ErrorCode::fenced);
}

CAF_TEST(what_is_not_allowed_in_the_cluster_is_told_by_what_was_asked) {
  const auto told = [](std::string_view words, std::string_view right) {
    return remedy(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, words)
             .find(right)
           != std::string_view::npos;
  };
  CAF_CHECK(told("Failed to acquire idempotence PID from broker b:1/1: Broker: "
                 "Cluster authorization failed",
                 "IdempotentWrite"));
  CAF_CHECK(!told("Broker: Cluster authorization failed", "IdempotentWrite"));
  CAF_CHECK(told("Broker: Cluster authorization failed", "Create"));
}

CAF_TEST(each_way_that_is_closed_has_a_remedy_of_its_own) {
  const auto told = [](rd_kafka_resp_err_t error, std::string_view words,
                       std::string_view what) {
    return remedy(error, words).find(what) != std::string_view::npos;
  };
  const auto login = RD_KAFKA_RESP_ERR__AUTHENTICATION;
  CAF_CHECK(told(login, "SASL authentication error: Invalid username",
                 "kafka.sasl_password"));
  CAF_CHECK(told(login, "broker's supported mechanisms: PLAIN",
                 "kafka.sasl_mechanism to one of these"));
  CAF_CHECK(told(login, "Failed to acquire SASL OAUTHBEARER token: x",
                 "kafka.oauth_token_url"));
  const auto tls = RD_KAFKA_RESP_ERR__SSL;
  CAF_CHECK(told(tls, "SSL handshake failed: hostname mismatch",
                 "have it issued for this one"));
  CAF_CHECK(told(tls, "verify failed: certificate has expired", "renew it"));
  CAF_CHECK(
    told(tls, "unable to get local issuer certificate", "kafka.ssl_ca_file"));
  const auto transport = RD_KAFKA_RESP_ERR__TRANSPORT;
  CAF_CHECK(told(transport, "b:1/bootstrap: Connect to ipv4#b:1 failed",
                 "kafka.bootstrap_servers"));
  CAF_CHECK(told(transport, "b:1/7: Connect to ipv4#b:1 failed",
                 "advertised.listeners"));
  CAF_CHECK(!told(transport, "b:1/7: Disconnected", "advertised.listeners"));
  CAF_CHECK(told(RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
                 "TxnOffsetCommit is not supported", "Kafka 2.5 or later"));
}
