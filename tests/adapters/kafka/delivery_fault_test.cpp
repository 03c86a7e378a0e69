#define CAF_SUITE delivery_fault

#include "adapters/kafka/delivery_fault.hpp"
#include "logic/delivery/delivery_reports.hpp"

#include "caf/test/dsl.hpp"

using millrace::adapters::kafka::to_delivery_fault;
using millrace::logic::DeliveryFault;

CAF_TEST(what_no_broker_answered_is_an_outage) {
  for (const auto error :
       {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__PURGE_QUEUE,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT})
    CAF_CHECK(to_delivery_fault(error) == DeliveryFault::outage);
}

CAF_TEST(a_topic_that_is_refused_is_waited_for) {
  CAF_CHECK(to_delivery_fault(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
            == DeliveryFault::outage);
}

CAF_TEST(what_a_broker_refused_for_now_is_transient) {
  for (const auto error :
       {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_UNKNOWN})
    CAF_CHECK(to_delivery_fault(error) == DeliveryFault::transient);
}

CAF_TEST(what_will_never_be_taken_is_the_records_fault) {
  for (const auto error :
       {RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_MSG})
    CAF_CHECK(to_delivery_fault(error) == DeliveryFault::record);
  CAF_CHECK(to_delivery_fault(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
            == DeliveryFault::too_large);
  CAF_CHECK(to_delivery_fault(RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE)
            == DeliveryFault::too_large);
  CAF_CHECK(to_delivery_fault(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP)
            == DeliveryFault::timestamp);
}

CAF_TEST(what_ends_the_client_is_fatal) {
  for (const auto error : {RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__FENCED,
                           RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
                           RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                           RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
                           RD_KAFKA_RESP_ERR__AUTHENTICATION,
                           RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER})
    CAF_CHECK(to_delivery_fault(error) == DeliveryFault::fatal);
}
