#include "logic/records/batch_codec.hpp"

#include "logic/core/little_endian.hpp"

#include <cstdint>
#include <limits>
#include <optional>

namespace millrace::logic {

namespace {

constexpr std::size_t max_topic_bytes = 249; // Kafka's own limit
/// Offset, timestamp, three lengths: what a record takes at least.
constexpr std::size_t least_head_bytes = 5;
constexpr std::int64_t max_offset = std::numeric_limits<std::int64_t>::max()
                                    / 2;
constexpr std::uint64_t max_length = std::numeric_limits<std::int32_t>::max();

/// 0 stands for what is absent.
std::uint64_t length_of(const std::optional<std::string_view>& piece) {
  return piece ? piece->size() + 1 : 0;
}

Error refused(std::string_view why) {
  return {ErrorCode::malformed,
          "the batch of another node: " + std::string{why}};
}

/// What a record is like, without its bytes.
struct Head {
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::uint64_t key = 0;
  std::uint64_t value = 0;
  std::uint64_t headers = 0;

  static std::uint64_t bytes_of(std::uint64_t length) {
    return length == 0 ? 0 : length - 1;
  }
  std::uint64_t bytes() const {
    return bytes_of(key) + bytes_of(value) + headers;
  }
};

/// Both count from the record before.
Head read_head(ByteReader& from, const Head& before) {
  Head head;
  const auto step = from.take_varint();
  head.offset = step > static_cast<std::uint64_t>(max_offset)
                  ? -1
                  : before.offset + static_cast<std::int64_t>(step);
  head.timestamp_ms = static_cast<std::int64_t>(
    static_cast<std::uint64_t>(before.timestamp_ms)
    + static_cast<std::uint64_t>(from.take_signed_varint()));
  head.key = from.take_varint();
  head.value = from.take_varint();
  head.headers = from.take_varint();
  return head;
}

bool is_possible(const Head& head) {
  return head.offset >= 0 && head.offset <= max_offset && head.key <= max_length
         && head.value <= max_length && head.headers <= max_length;
}

std::optional<std::string_view> take_piece(ByteReader& from,
                                           std::uint64_t length) {
  if (length == 0)
    return std::nullopt;
  return from.take_bytes(length - 1);
}

} // namespace

std::string encode_batch(const RecordBatch& batch) {
  std::string heads;
  heads.reserve(batch.size() * 12);
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  for (std::size_t index = 0; index != batch.size(); ++index) {
    const auto record = batch[index];
    append_varint(heads,
                  static_cast<std::uint64_t>(record.offset.value - offset));
    append_signed_varint(
      heads,
      static_cast<std::int64_t>(static_cast<std::uint64_t>(record.timestamp_ms)
                                - static_cast<std::uint64_t>(timestamp_ms)));
    append_varint(heads, length_of(record.key));
    append_varint(heads, length_of(record.value));
    append_varint(heads, record.headers.size());
    offset = record.offset.value;
    timestamp_ms = record.timestamp_ms;
  }
  std::string bytes;
  bytes.reserve(batch.payload_bytes() + heads.size() + batch.topic().size()
                + 32);
  append_varint(bytes, batch.topic().size());
  bytes += batch.topic();
  append_little_endian(bytes, batch.partition().value);
  append_varint(bytes, batch.size());
  append_varint(bytes, heads.size());
  bytes += heads;
  for (std::size_t index = 0; index != batch.size(); ++index) {
    const auto record = batch[index];
    bytes += record.key.value_or(std::string_view{});
    bytes += record.value.value_or(std::string_view{});
    bytes += record.headers;
  }
  return bytes;
}

Result<RecordBatchPtr> decode_batch(std::string_view bytes,
                                    std::size_t max_records) {
  ByteReader from{bytes};
  const auto topic_bytes = from.take_varint();
  if (topic_bytes > max_topic_bytes)
    return refused("no topic has such a name");
  const std::string topic{from.take_bytes(topic_bytes)};
  const PartitionId partition{from.take<std::int32_t>()};
  const auto count = from.take_varint();
  const auto head_bytes = from.take_varint();
  if (from.ran_short() || partition.value < 0 || count == 0
      || count > max_records || head_bytes > from.left()
      || count > head_bytes / least_head_bytes)
    return refused("it has other records than it says");
  const auto heads = from.take_bytes(head_bytes);
  ByteReader counted{heads};
  Head head;
  std::uint64_t payload = 0;
  std::int64_t last = -1;
  for (std::uint64_t index = 0; index != count; ++index) {
    head = read_head(counted, head);
    if (counted.ran_short() || !is_possible(head) || head.offset <= last)
      return refused("no record is like that");
    last = head.offset;
    payload += head.bytes();
  }
  if (counted.left() != 0 || payload != from.left() || payload > max_length)
    return refused("its length is not that of its records");
  RecordBatch::Builder builder{topic, partition, AssignmentEpoch{}};
  builder.reserve(count, payload);
  ByteReader read{heads};
  head = {};
  for (std::uint64_t index = 0; index != count; ++index) {
    head = read_head(read, head);
    RecordView record;
    record.offset = Offset{head.offset};
    record.timestamp_ms = head.timestamp_ms;
    record.key = take_piece(from, head.key);
    record.value = take_piece(from, head.value);
    record.headers = from.take_bytes(head.headers);
    builder.append(record);
  }
  return builder.finish();
}

} // namespace millrace::logic
