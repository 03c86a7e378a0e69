#pragma once

#include "adapters/kafka/client.hpp"
#include "logic/records/record_batch.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::adapters::kafka {

using HeadersPtr = Owned<rd_kafka_headers_t, rd_kafka_headers_destroy>;

/// librdkafka takes what it only reads by pointers to non-const; a null
/// pointer means a null key or value, so empty ones point somewhere.
void* to_mutable(std::optional<std::string_view> bytes) noexcept;

/// The message as a record. Key and value are views into the message, the
/// headers (where there are any) into `encoded`, which is overwritten.
logic::RecordView to_record(const rd_kafka_message_t& message,
                            std::string& encoded);

/// About as many as the message takes in a request.
std::int64_t request_bytes(const rd_kafka_message_t& message);

/// An encoded run of headers as librdkafka wants them.
HeadersPtr to_headers(std::string_view encoded);

/// A record for `rd_kafka_produceva`, everything by reference.
struct ProducedRecord {
  rd_kafka_topic_t* topic = nullptr;
  std::int32_t partition = RD_KAFKA_PARTITION_UA;
  int flags = 0; ///< RD_KAFKA_MSG_F_COPY or 0
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::string_view headers;
  std::int64_t timestamp_ms = -1;
  void* opaque = nullptr;
};

/// Produces one record with headers and timestamp; never blocks.
rd_kafka_resp_err_t produce(rd_kafka_t* client, const ProducedRecord& record);

} // namespace millrace::adapters::kafka
