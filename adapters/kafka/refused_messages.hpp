#pragma once

#include "adapters/kafka/destination_topic.hpp"
#include "logic/delivery/delivery_reports.hpp"

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::adapters::kafka {

/// The client's words for an error of a message that was produced, and more
/// behind them; bounded. The message itself is not asked for them:
/// `rd_kafka_message_errstr` answers with its payload, which no NUL ends, and
/// `rd_kafka_message_produce_errstr` (librdkafka 2.14.2) points to what the
/// broker's thread has freed or, where the broker said nothing of that message,
/// anywhere.
std::string produce_error_text(rd_kafka_resp_err_t error,
                               std::string_view more = {});

/// The same for a record that the client itself refuses, with the code that
/// brokers use; `message_bytes` is the most that it sends in one.
std::string local_refusal_text(rd_kafka_resp_err_t error,
                               std::int64_t message_bytes);

/// Why a compacted topic takes no record without a key.
std::string keyless_text(const DestinationTopic& topic);

/// What is known of the topic that explains a broker's refusal.
std::string refusal_hint(const rd_kafka_message_t& message,
                         const DestinationTopic& topic);

/// Whether it is refused for want of a key, which its topic demands.
bool lacks_key(const rd_kafka_message_t& message,
               const DestinationTopic& topic) noexcept;

/// Whether the brokers judge all messages of a request as one, so that the
/// error may be another message's doing.
bool is_request_error(rd_kafka_resp_err_t error) noexcept;

/// Tells who is meant by the errors in one delivery report, which holds the
/// messages of one request. A broker (Kafka 2.4 and later, KIP-467) names the
/// records that it objects to; librdkafka marks the others.
class RefusedRequest {
public:
  /// `error` is the broker's on the request, `messages` are those on each.
  RefusedRequest(rd_kafka_resp_err_t error,
                 const std::vector<rd_kafka_resp_err_t>& messages);

  bool is_alone() const noexcept { return alone_; }
  logic::DeliveryFault fault(rd_kafka_resp_err_t message) const noexcept;
  logic::Blame blame(rd_kafka_resp_err_t message) const noexcept;

private:
  rd_kafka_resp_err_t error_;
  bool alone_ = false; ///< the request held one message
  bool names_records_ = false; ///< the broker said which are meant
};

} // namespace millrace::adapters::kafka
