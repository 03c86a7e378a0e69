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
