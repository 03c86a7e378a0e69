#define CAF_SUITE refused_messages

#include "adapters/kafka/refused_messages.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <vector>

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
  const std::vector<RefusedMessage> messages(
    3, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, nullptr});
  const RefusedRequest request{messages.front().error, messages};
  for (const auto& message : messages) {
    CAF_CHECK(request.blame(message) == Blame::request);
    CAF_CHECK(request.fault(message) == DeliveryFault::too_large);
  }
}

CAF_TEST(words_about_the_whole_request_name_no_record) {
  const auto* words = "refused";
  const std::vector<RefusedMessage> messages(
    2, {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, words});
  const RefusedRequest request{messages.front().error, messages};
  CAF_CHECK(request.blame(messages[0]) == Blame::request);
}

CAF_TEST(a_record_that_is_named_is_meant_and_its_neighbours_are_not) {
  const auto* words = "Timestamp 1 of message with offset 0 is out of range.";
  const auto* other = "part of a batch";
  const std::vector<RefusedMessage> messages{
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, words},
    {RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD, other}};
  const RefusedRequest request{messages.front().error, messages};
  CAF_CHECK(request.blame(messages[0]) == Blame::record);
  CAF_CHECK(request.fault(messages[0]) == DeliveryFault::timestamp);
  CAF_CHECK(request.blame(messages[1]) == Blame::neighbour);
}

CAF_TEST(of_several_that_are_named_the_requests_error_tells_a_timestamp) {
  const std::string words[] = {"one", "two"};
  const std::vector<RefusedMessage> messages{
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, &words[0]},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, &words[1]}};
  const RefusedRequest late{RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, messages};
  const RefusedRequest keyless{RD_KAFKA_RESP_ERR_INVALID_RECORD, messages};
  for (const auto& message : messages) {
    CAF_CHECK(late.fault(message) == DeliveryFault::timestamp);
    CAF_CHECK(late.blame(message) == Blame::record);
    CAF_CHECK(keyless.fault(message) == DeliveryFault::record);
    CAF_CHECK(keyless.blame(message) == Blame::record);
  }
}

CAF_TEST(an_outage_is_nobodys_doing) {
  const std::vector<RefusedMessage> messages(
    2, {RD_KAFKA_RESP_ERR__PURGE_QUEUE, nullptr});
  const RefusedRequest request{messages.front().error, messages};
  CAF_CHECK(request.blame(messages[0]) == Blame::record);
  CAF_CHECK(request.fault(messages[0]) == DeliveryFault::outage);
}
