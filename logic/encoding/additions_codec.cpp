#include "logic/encoding/additions_codec.hpp"

#include "logic/core/little_endian.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

namespace millrace::logic {

namespace {

/// Of an output the lowest bit is clear, and above it stands the length of
/// the front; of a dead letter it is set, and above it stands the reason.
constexpr std::uint64_t dead_flag = 1;

Error refused(std::string_view why) {
  return {ErrorCode::malformed,
          "the result of another node: " + std::string{why}};
}

std::uint64_t word_at(const char* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Eight bytes at a time: most of a value is the same.
std::size_t common_front(std::string_view left, std::string_view right) {
  const auto most = std::min(left.size(), right.size());
  std::size_t same = 0;
  while (same + sizeof(std::uint64_t) <= most
         && word_at(left.data() + same) == word_at(right.data() + same))
    same += sizeof(std::uint64_t);
  while (same != most && left[same] == right[same])
    ++same;
  return same;
}

std::size_t common_end(std::string_view left, std::string_view right) {
  const auto [mine, theirs] = std::mismatch(left.rbegin(), left.rend(),
                                            right.rbegin(), right.rend());
  return static_cast<std::size_t>(mine - left.rbegin());
}

/// Reads heads and bytes of one record after the other.
class Decoder {
public:
  Decoder(std::string_view heads, std::string_view bytes, RecordBatchPtr raw)
    : heads_(heads), bytes_(bytes), batch_(std::make_shared<EncodedBatch>()) {
    batch_->raw = std::move(raw);
    batch_->records.reserve(batch_->raw->size());
    // No output has more than its raw value and what was sent.
    batch_->bytes.reserve(batch_->raw->payload_bytes() + bytes.size());
  }

  /// False where it cannot be.
  bool read(std::uint32_t record) {
    const auto head = heads_.take_varint();
    return (head & dead_flag) != 0 ? read_dead(record, head >> 1U)
                                   : read_output(record, head >> 1U);
  }

  bool is_at_end() const {
    return !heads_.ran_short() && heads_.left() == 0 && bytes_.left() == 0;
  }

  EncodedBatchPtr take() { return std::move(batch_); }

private:
  bool read_dead(std::uint32_t record, std::uint64_t reason) {
    const auto length = heads_.take_varint();
    if (reason >= reason_count || length > max_detail_bytes
        || length > bytes_.left() || heads_.ran_short())
      return false;
    EncodedRecord dead;
    dead.record = record;
    dead.dead = true;
    dead.reason = static_cast<Reason>(reason);
    dead.detail = static_cast<std::uint32_t>(batch_->details.size());
    batch_->details.emplace_back(bytes_.take_bytes(length));
    batch_->records.push_back(dead);
    return true;
  }

  bool read_output(std::uint32_t record, std::uint64_t front) {
    const auto end = heads_.take_varint();
    const auto length = heads_.take_varint();
    const auto value = (*batch_->raw)[record].value;
    if (heads_.ran_short() || !value || front > value->size()
        || end > value->size() - front || length > bytes_.left()
        || front + length + end == 0)
      return false;
    EncodedRecord output;
    output.record = record;
    output.begin = static_cast<std::uint32_t>(batch_->bytes.size());
    output.length = static_cast<std::uint32_t>(front + length + end);
    batch_->bytes.append(value->substr(0, front))
      .append(bytes_.take_bytes(length))
      .append(value->substr(value->size() - end));
    batch_->records.push_back(output);
    return true;
  }

  ByteReader heads_;
  ByteReader bytes_;
  std::shared_ptr<EncodedBatch> batch_;
};

} // namespace

std::string encode_additions(const EncodedBatch& batch) {
  constexpr std::size_t head_bytes = 6;
  std::string heads;
  std::string bytes;
  heads.reserve(batch.records.size() * head_bytes);
  bytes.reserve(batch.bytes.size());
  for (const auto& record : batch.records) {
    if (record.dead) {
      const auto detail = std::string_view{batch.details[record.detail]}.substr(
        0, max_detail_bytes);
      append_varint(heads, static_cast<std::uint64_t>(record.reason) << 1U
                             | dead_flag);
      append_varint(heads, detail.size());
      bytes += detail;
      continue;
    }
    const auto output = std::string_view{batch.bytes}.substr(record.begin,
                                                             record.length);
    const auto value = (*batch.raw)[record.record].value.value_or("");
    const auto front = common_front(value, output);
    const auto end = common_end(value.substr(front), output.substr(front));
    append_varint(heads, static_cast<std::uint64_t>(front) << 1U);
    append_varint(heads, end);
    append_varint(heads, output.size() - front - end);
    bytes += output.substr(front, output.size() - front - end);
  }
  std::string encoded;
  encoded.reserve(heads.size() + bytes.size() + 8);
  append_little_endian(encoded,
                       static_cast<std::uint32_t>(batch.records.size()));
  append_little_endian(encoded, static_cast<std::uint32_t>(heads.size()));
  return encoded.append(heads).append(bytes);
}

Result<EncodedBatchPtr> decode_additions(std::string_view bytes,
                                         RecordBatchPtr raw) {
  ByteReader from{bytes};
  const auto count = from.take<std::uint32_t>();
  const auto head_bytes = from.take<std::uint32_t>();
  if (from.ran_short() || count != raw->size() || head_bytes > from.left())
    return refused("it is not about the batch that was sent");
  const auto heads = from.take_bytes(head_bytes);
  Decoder decoder{heads, from.take_bytes(from.left()), std::move(raw)};
  for (std::uint32_t record = 0; record != count; ++record)
    if (!decoder.read(record))
      return refused("no lane makes that of a record");
  if (!decoder.is_at_end())
    return refused("its length is not that of its records");
  return decoder.take();
}

} // namespace millrace::logic
