#include "adapters/kafka/refused_messages.hpp"

#include "adapters/kafka/delivery_fault.hpp"
#include "logic/core/bounded_text.hpp"

#include <algorithm>

namespace millrace::adapters::kafka {

namespace {

std::string keyless_hint(const DestinationTopic& topic) {
  return "; topic " + topic.name
         + " is compacted and takes no record without a key";
}

} // namespace

std::string produce_error_text(rd_kafka_resp_err_t error,
                               std::string_view more) {
  std::string text{rd_kafka_err2str(error)};
  text.append(" (").append(rd_kafka_err2name(error)).append(")").append(more);
  return logic::bounded_text(text);
}

std::string local_refusal_text(rd_kafka_resp_err_t error,
                               std::int64_t message_bytes) {
  if (error != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    return produce_error_text(error);
  return "this client sends records of at most " + std::to_string(message_bytes)
         + " bytes (kafka.max_message, or what the input allows, with room for "
           "headers): MSG_SIZE_TOO_LARGE";
}

std::string keyless_text(const DestinationTopic& topic) {
  return produce_error_text(RD_KAFKA_RESP_ERR_INVALID_RECORD,
                            keyless_hint(topic));
}

std::string refusal_hint(const rd_kafka_message_t& message,
                         const DestinationTopic& topic) {
  if (lacks_key(message, topic))
    return keyless_hint(topic);
  if (message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    return "; topic " + topic.name + " has " + to_text(topic.limits);
  return {};
}

bool lacks_key(const rd_kafka_message_t& message,
               const DestinationTopic& topic) noexcept {
  return message.err == RD_KAFKA_RESP_ERR_INVALID_RECORD
         && topic.limits.compacted && message.key == nullptr;
}

bool is_request_error(rd_kafka_resp_err_t error) noexcept {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD:
      return true;
    default:
      return false;
  }
}

RefusedRequest::RefusedRequest(rd_kafka_resp_err_t error,
                               const std::vector<rd_kafka_resp_err_t>& messages)
  : error_(error), alone_(messages.size() == 1) {
  names_records_ = std::any_of(messages.begin(), messages.end(),
                               [error](auto each) { return each != error; });
}

logic::DeliveryFault
RefusedRequest::fault(rd_kafka_resp_err_t message) const noexcept {
  // Of several records that a broker names in one request librdkafka gives
  // each this code, whatever the broker's was. One that is meant for something
  // else is refused again, with the code of that.
  if (message == RD_KAFKA_RESP_ERR_INVALID_RECORD
      && error_ == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP)
    return logic::DeliveryFault::timestamp;
  return to_delivery_fault(message);
}

logic::Blame RefusedRequest::blame(rd_kafka_resp_err_t message) const noexcept {
  if (message == RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD)
    return alone_ ? logic::Blame::request : logic::Blame::neighbour;
  if (!is_request_error(message) || alone_ || names_records_)
    return logic::Blame::record;
  return logic::Blame::request;
}

} // namespace millrace::adapters::kafka
