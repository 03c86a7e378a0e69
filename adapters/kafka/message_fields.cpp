#include "adapters/kafka/message_fields.hpp"

#include "logic/records/record_headers.hpp"

#include <array>
#include <optional>
#include <vector>

namespace millrace::adapters::kafka {

namespace {

std::optional<std::string_view> to_view(const void* bytes, std::size_t size) {
  if (bytes == nullptr)
    return std::nullopt;
  return std::string_view{static_cast<const char*>(bytes), size};
}

} // namespace

void* to_mutable(std::optional<std::string_view> bytes) noexcept {
  static char nothing = 0;
  if (!bytes)
    return nullptr;
  return bytes->empty() ? &nothing : const_cast<char*>(bytes->data());
}

logic::RecordView to_record(const rd_kafka_message_t& message,
                            std::string& encoded) {
  logic::RecordView record;
  record.offset = logic::Offset{message.offset};
  rd_kafka_timestamp_type_t type{};
  record.timestamp_ms = rd_kafka_message_timestamp(&message, &type);
  record.key = to_view(message.key, message.key_len);
  record.value = to_view(message.payload, message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers)
      != RD_KAFKA_RESP_ERR_NO_ERROR)
    return record;
  encoded.clear();
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t index = 0;
       rd_kafka_header_get_all(headers, index, &name, &value, &size)
       == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++index)
    logic::append_header(encoded, name, to_view(value, size));
  record.headers = encoded;
  return record;
}

std::int64_t request_bytes(const rd_kafka_message_t& message) {
  std::string headers;
  to_record(message, headers);
  return static_cast<std::int64_t>(message.len + message.key_len
                                   + headers.size());
}

HeadersPtr to_headers(std::string_view encoded) {
  std::vector<rd_kafka_header_field_t> fields;
  fields.reserve(16); // more than the provenance of a dead letter
  while (const auto header = logic::take_header(encoded))
    fields.push_back({header->name.data(), header->name.size(),
                      to_mutable(header->value),
                      header->value ? header->value->size() : 0});
  // Of our patch: one allocation instead of two and one for each.
  return HeadersPtr{rd_kafka_headers_new_packed(fields.data(), fields.size())};
}

rd_kafka_resp_err_t produce(rd_kafka_t* client, const ProducedRecord& record) {
  std::array<rd_kafka_vu_t, 8> fields{};
  fields[0].vtype = RD_KAFKA_VTYPE_RKT;
  fields[0].u.rkt = record.topic;
  fields[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  fields[1].u.i32 = record.partition;
  fields[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[2].u.i = record.flags;
  fields[3].vtype = RD_KAFKA_VTYPE_VALUE;
  fields[3].u.mem.ptr = to_mutable(record.value);
  fields[3].u.mem.size = record.value ? record.value->size() : 0;
  fields[4].vtype = RD_KAFKA_VTYPE_KEY;
  fields[4].u.mem.ptr = to_mutable(record.key);
  fields[4].u.mem.size = record.key ? record.key->size() : 0;
  fields[5].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  fields[5].u.i64 = record.timestamp_ms > 0 ? record.timestamp_ms : 0;
  fields[6].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[6].u.ptr = record.opaque;
  std::size_t count = 7;
  HeadersPtr headers;
  if (!record.headers.empty()) {
    headers = to_headers(record.headers);
    fields[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    fields[count].u.headers = headers.get();
    ++count;
  }
  const ErrorPtr error{rd_kafka_produceva(client, fields.data(), count)};
  if (error)
    return rd_kafka_error_code(error.get());
  static_cast<void>(headers.release()); // the message owns them now
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

} // namespace millrace::adapters::kafka
