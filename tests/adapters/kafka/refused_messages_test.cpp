#define CAF_SUITE refused_messages

#include "adapters/kafka/refused_messages.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace::adapters::kafka;
using millrace::logic::Blame;
using millrace::logic::DeliveryFault;

CAF_TEST(the_words_for_an_error_are_bounded) {
  CAF_CHECK_EQUAL(
    produce_error_text(RD_KAFKA_RESP_ERR_INVALID_RECORD, "; no key\n"),
    "Broker: Broker failed to validate record (INVALID_RECORD); no key ");
  CAF_CHECK(produce_error_text(RD_KAFKA_RESP_ERR_INVALID_RECORD,
                               std::string(100'000, 'x'))
              .size()
            <= 512);
}

CAF_TEST(a_request_that_is_too_large_is_no_records_own_fault) {
  const auto error = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  const RefusedRequest request{error, {error, error, error}};
  CAF_CHECK(request.blame(error) == Blame::request);
  CAF_CHECK(request.fault(error) == DeliveryFault::too_large);
}

CAF_TEST(a_broker_that_says_the_same_of_all_names_no_record) {
  for (const auto error : {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
                           RD_KAFKA_RESP_ERR_INVALID_RECORD}) {
    const RefusedRequest request{error, {error, error}};
    CAF_CHECK(request.blame(error) == Blame::request);
    CAF_CHECK(!request.is_alone());
  }
}

CAF_TEST(a_record_that_is_named_is_meant_and_its_neighbours_are_not) {
  const auto named = RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
  const auto other = RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD;
  const RefusedRequest request{named, {other, named, other}};
  CAF_CHECK(request.blame(named) == Blame::record);
  CAF_CHECK(request.fault(named) == DeliveryFault::timestamp);
  CAF_CHECK(request.blame(other) == Blame::neighbour);
}

CAF_TEST(of_several_that_are_named_the_requests_error_tells_a_timestamp) {
  const auto named = RD_KAFKA_RESP_ERR_INVALID_RECORD;
  const RefusedRequest late{RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
                            {named, named}};
  CAF_CHECK(late.fault(named) == DeliveryFault::timestamp);
  CAF_CHECK(late.blame(named) == Blame::record);
}

CAF_TEST(a_record_that_was_alone_in_its_request_is_meant) {
  const auto error = RD_KAFKA_RESP_ERR_INVALID_RECORD;
  const RefusedRequest request{error, {error}};
  CAF_CHECK(request.is_alone());
  CAF_CHECK(request.blame(error) == Blame::record);
  CAF_CHECK(request.fault(error) == DeliveryFault::record);
}

CAF_TEST(an_outage_is_nobodys_doing) {
  const auto error = RD_KAFKA_RESP_ERR__PURGE_QUEUE;
  const RefusedRequest request{error, {error, error}};
  CAF_CHECK(request.blame(error) == Blame::record);
  CAF_CHECK(request.fault(error) == DeliveryFault::outage);
}
