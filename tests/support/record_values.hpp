#pragma once

#include "logic/encoding/encoder.hpp"
#include "logic/records/record_batch.hpp"
#include "logic/validation/validator.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::tests {

/// 2025-06-15T15:06:40Z: "now" in tests of the codec.
inline constexpr std::int64_t codec_now_ms = 1'750'000'000'000;
/// 2024-07-03T09:46:40.123Z: the Kafka timestamp of their records.
inline constexpr std::int64_t record_time_ms = 1'720'000'000'123;

/// A batch of topic "user-login", partition 3, with these values from offset
/// 100 on; a missing value makes a tombstone.
inline logic::RecordBatchPtr
batch_of(const std::vector<std::optional<std::string>>& values,
         const std::string& topic = "user-login") {
  logic::RecordBatch::Builder builder{topic, logic::PartitionId{3},
                                      logic::AssignmentEpoch{1}};
  std::int64_t offset = 100;
  for (const auto& value : values) {
    logic::RecordView record;
    record.offset = logic::Offset{offset++};
    record.timestamp_ms = record_time_ms;
    record.key = "key";
    if (value)
      record.value = *value;
    builder.append(record);
  }
  return builder.finish();
}

/// A well-formed event with more members, given as `,"name":value`.
inline std::string event_with(std::string_view members = {}) {
  std::string json = R"({"user_id":"b22a51d5-0f2f","app_version":"2.3.0",)"
                     R"("device_type":"iOS")";
  json += members;
  json += '}';
  return json;
}

/// Validates one value at `codec_now_ms`.
inline logic::ValidatedBatchPtr
validate_one(std::string value, logic::ValidationConfig config = {}) {
  logic::Validator validator{std::move(config)};
  return validator.validate(batch_of({std::move(value)}), codec_now_ms);
}

/// The reason a value is rejected for, "event" where it is not.
inline std::string outcome_of(std::string value,
                              logic::ValidationConfig config = {}) {
  const auto batch = validate_one(std::move(value), std::move(config));
  if (batch->events.size() + batch->rejections.size() != 1)
    return "not exactly one outcome";
  return batch->rejections.empty()
           ? "event"
           : std::string{to_string(batch->rejections.front().reason)};
}

/// The detail a value is rejected with, empty where it is not.
inline std::string detail_of(std::string value,
                             logic::ValidationConfig config = {}) {
  const auto batch = validate_one(std::move(value), std::move(config));
  return batch->rejections.empty() ? std::string{}
                                   : batch->rejections.front().detail;
}

} // namespace millrace::tests
