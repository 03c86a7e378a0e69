#define CAF_SUITE record_batch

#include "logic/records/record_batch.hpp"

#include "logic/records/record_headers.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace::logic;

namespace {

RecordView record_at(std::int64_t offset) {
  RecordView record;
  record.offset = Offset{offset};
  return record;
}

/// Offsets 10, 12, 13: a full record, a tombstone without a key, an empty one.
RecordBatchPtr three_records(const std::string& headers) {
  RecordBatch::Builder builder{"user-login", PartitionId{4},
                               AssignmentEpoch{7}};
  builder.reserve(3, 100);
  RecordView full = record_at(10);
  full.timestamp_ms = 1234;
  full.key = "key";
  full.value = "value";
  full.headers = headers;
  builder.append(full);
  builder.append(record_at(12));
  RecordView empty = record_at(13);
  empty.key = "";
  empty.value = "";
  builder.append(empty);
  return builder.finish();
}

} // namespace

CAF_TEST(records_come_back_as_they_were_appended) {
  std::string headers;
  append_header(headers, "trace", "1");
  const auto batch = three_records(headers);
  CAF_CHECK_EQUAL(batch->topic(), "user-login");
  CAF_CHECK(batch->partition() == PartitionId{4});
  CAF_CHECK(batch->epoch() == AssignmentEpoch{7});
  CAF_REQUIRE_EQUAL(batch->size(), 3u);
  CAF_CHECK(batch->first_offset() == Offset{10});
  CAF_CHECK(batch->last_offset() == Offset{13});
  CAF_CHECK_EQUAL(batch->payload_bytes(), 8 + headers.size());

  const RecordView full = (*batch)[0];
  CAF_CHECK(full.offset == Offset{10});
  CAF_CHECK_EQUAL(full.timestamp_ms, 1234);
  CAF_CHECK(full.key == "key");
  CAF_CHECK(full.value == "value");
  CAF_CHECK(full.headers == headers);
}

CAF_TEST(null_and_empty_keys_and_values_differ) {
  const auto batch = three_records({});
  CAF_CHECK(!(*batch)[1].key);
  CAF_CHECK(!(*batch)[1].value);
  CAF_CHECK_EQUAL((*batch)[1].timestamp_ms, -1);
  CAF_REQUIRE((*batch)[2].key.has_value());
  CAF_REQUIRE((*batch)[2].value.has_value());
  CAF_CHECK((*batch)[2].key->empty());
  CAF_CHECK((*batch)[2].value->empty());
}

CAF_TEST(a_slice_holds_its_records_and_nothing_else) {
  std::string headers;
  append_header(headers, "trace", "1");
  const auto batch = three_records(headers);
  const auto front = batch->slice(0, 1);
  CAF_REQUIRE_EQUAL(front->size(), 1u);
  CAF_CHECK((*front)[0].value == "value");
  CAF_CHECK((*front)[0].headers == headers);
  const auto back = batch->slice(1, 2);
  CAF_REQUIRE_EQUAL(back->size(), 2u);
  CAF_CHECK(back->first_offset() == Offset{12});
  CAF_CHECK(back->partition() == batch->partition());
  CAF_CHECK(back->epoch() == batch->epoch());
  CAF_CHECK_EQUAL(back->topic(), "user-login");
  CAF_CHECK_EQUAL(back->payload_bytes(), 0u);
  CAF_CHECK(batch->slice(3, 0)->empty());
}

CAF_TEST(a_builder_starts_anew_after_handing_over) {
  RecordBatch::Builder builder{"t", PartitionId{1}, AssignmentEpoch{2}};
  builder.append(record_at(5));
  const auto first = builder.finish();
  CAF_CHECK_EQUAL(builder.size(), 0u);
  CAF_CHECK_EQUAL(builder.payload_bytes(), 0u);
  builder.append(record_at(6));
  builder.append(record_at(9));
  const auto second = builder.finish();
  CAF_CHECK_EQUAL(first->size(), 1u);
  CAF_CHECK_EQUAL(second->size(), 2u);
  CAF_CHECK(second->first_offset() == Offset{6});
  CAF_CHECK(second->partition() == PartitionId{1});
}
