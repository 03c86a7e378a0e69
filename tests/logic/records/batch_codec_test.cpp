#define CAF_SUITE batch_codec

#include "logic/records/batch_codec.hpp"

#include "caf/test/dsl.hpp"

#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace millrace::logic;

namespace {

constexpr std::size_t most = 1'000;

/// Records with and without keys, values and headers, with gaps in between.
RecordBatchPtr random_batch(std::mt19937_64& random) {
  RecordBatch::Builder builder{"user-login", PartitionId{7},
                               AssignmentEpoch{3}};
  auto offset = static_cast<std::int64_t>(random() % 1'000'000'000'000);
  const auto count = 1 + random() % 40;
  for (std::uint64_t index = 0; index != count; ++index) {
    const std::string key(random() % 20, 'k');
    const std::string value(random() % 300, 'v');
    const std::string headers(random() % 3 == 0 ? random() % 50 : 0, 'h');
    RecordView record;
    record.offset = Offset{offset};
    record.timestamp_ms = random() % 9 == 0
                            ? -1
                            : 1'720'000'000'000
                                + static_cast<std::int64_t>(random() % 1'000);
    if (random() % 4 != 0)
      record.key = key;
    if (random() % 6 != 0)
      record.value = value;
    record.headers = headers;
    builder.append(record);
    offset += 1 + static_cast<std::int64_t>(random() % 3);
  }
  return builder.finish();
}

void check_same(const RecordBatch& left, const RecordBatch& right) {
  CAF_CHECK_EQUAL(left.topic(), right.topic());
  CAF_CHECK(left.partition() == right.partition());
  CAF_REQUIRE_EQUAL(left.size(), right.size());
  for (std::size_t index = 0; index != left.size(); ++index) {
    const auto mine = left[index];
    const auto theirs = right[index];
    CAF_CHECK(mine.offset == theirs.offset);
    CAF_CHECK_EQUAL(mine.timestamp_ms, theirs.timestamp_ms);
    CAF_CHECK(mine.key == theirs.key);
    CAF_CHECK(mine.value == theirs.value);
    CAF_CHECK(mine.headers == theirs.headers);
  }
}

} // namespace

CAF_TEST(batches_cross_whole) {
  std::mt19937_64 random{1};
  for (int round = 0; round != 300; ++round) {
    const auto batch = random_batch(random);
    const auto decoded = decode_batch(encode_batch(*batch), most);
    CAF_REQUIRE(decoded);
    check_same(*batch, **decoded);
  }
}

CAF_TEST(extreme_offsets_and_times_cross_whole) {
  RecordBatch::Builder builder{"t", PartitionId{0}, AssignmentEpoch{}};
  RecordView record;
  record.offset = Offset{0};
  record.timestamp_ms = std::numeric_limits<std::int64_t>::max();
  builder.append(record);
  record.offset = Offset{std::numeric_limits<std::int64_t>::max() / 2};
  record.timestamp_ms = std::numeric_limits<std::int64_t>::min();
  builder.append(record);
  const auto batch = builder.finish();
  const auto decoded = decode_batch(encode_batch(*batch), most);
  CAF_REQUIRE(decoded);
  check_same(*batch, **decoded);
}

CAF_TEST(a_record_costs_few_bytes_more_than_its_own) {
  RecordBatch::Builder builder{"user-login", PartitionId{0}, AssignmentEpoch{}};
  const std::string value(270, 'v');
  for (std::int64_t offset = 0; offset != 1'000; ++offset) {
    RecordView record;
    record.offset = Offset{1'000'000 + offset};
    record.timestamp_ms = 1'720'000'000'000 + offset;
    record.value = value;
    builder.append(record);
  }
  const auto batch = builder.finish();
  CAF_CHECK_LESS(encode_batch(*batch).size(),
                 batch->payload_bytes() + 7 * batch->size());
}

CAF_TEST(every_cut_is_refused) {
  std::mt19937_64 random{2};
  const auto bytes = encode_batch(*random_batch(random));
  for (std::size_t length = 0; length != bytes.size(); ++length)
    CAF_CHECK(!decode_batch(std::string_view{bytes}.substr(0, length), most));
  CAF_CHECK(!decode_batch(bytes + 'x', most));
}

CAF_TEST(more_records_than_may_be_are_refused) {
  std::mt19937_64 random{3};
  const auto batch = random_batch(random);
  CAF_CHECK(decode_batch(encode_batch(*batch), batch->size()));
  CAF_CHECK(!decode_batch(encode_batch(*batch), batch->size() - 1));
}

CAF_TEST(random_changes_are_decoded_or_refused_and_never_more) {
  std::mt19937_64 random{4};
  for (int round = 0; round != 20'000; ++round) {
    auto bytes = encode_batch(*random_batch(random));
    for (int change = 0; change != 3; ++change)
      bytes[random() % std::min<std::size_t>(bytes.size(), 80)]
        = static_cast<char>(random());
    const auto decoded = decode_batch(bytes, most);
    if (decoded)
      CAF_REQUIRE_LESS_OR_EQUAL((*decoded)->payload_bytes(), bytes.size());
  }
}
