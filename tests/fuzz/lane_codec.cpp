// Batches and results as nodes send them to each other. Aborts where what was
// accepted does not come out as it went in.

#include "logic/encoding/additions_codec.hpp"
#include "logic/records/batch_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace millrace::logic;

namespace {

void must(bool holds) {
  if (!holds)
    std::abort();
}

/// Three records, whose result any input may claim to be.
RecordBatchPtr sent_before() {
  RecordBatch::Builder builder{"t", PartitionId{0}, AssignmentEpoch{}};
  RecordView record;
  builder.append(record);
  record.offset = Offset{1};
  record.value = R"({"user_id":"u-1"})";
  builder.append(record);
  record.offset = Offset{2};
  builder.append(record);
  return builder.finish();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const auto before = sent_before();
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  if (const auto result = decode_additions(bytes, before)) {
    must((*result)->records.size() == before->size());
    const auto again = decode_additions(encode_additions(**result), before);
    must(again.has_value());
    must((*again)->bytes == (*result)->bytes);
    must((*again)->details == (*result)->details);
  }
  if (const auto batch = decode_batch(bytes, 1'000)) {
    const auto again = decode_batch(encode_batch(**batch), 1'000);
    must(again.has_value());
    must((*again)->size() == (*batch)->size());
    must((*again)->payload_bytes() == (*batch)->payload_bytes());
    must((*again)->last_offset() == (*batch)->last_offset());
  }
  return 0;
}
