#include "logic/records/record_batch.hpp"

#include <cassert>
#include <limits>
#include <utility>

namespace millrace::logic {

RecordView RecordBatch::operator[](std::size_t index) const noexcept {
  const auto& slot = slots_[index];
  const char* position = bytes_.data() + slot.key_begin;
  RecordView view;
  view.offset = Offset{slot.offset};
  view.timestamp_ms = slot.timestamp_ms;
  auto take = [&position](std::size_t length) {
    std::string_view piece{position, length};
    position += length;
    return piece;
  };
  if (slot.key_bytes >= 0)
    view.key = take(static_cast<std::size_t>(slot.key_bytes));
  if (slot.value_bytes >= 0)
    view.value = take(static_cast<std::size_t>(slot.value_bytes));
  view.headers = take(slot.headers_bytes);
  return view;
}

RecordBatchPtr RecordBatch::slice(std::size_t first, std::size_t count) const {
  assert(first + count <= size());
  Builder builder{topic_, partition_, epoch_};
  for (std::size_t index = first; index != first + count; ++index)
    builder.append((*this)[index]);
  return builder.finish();
}

RecordBatch::Builder::Builder(std::string topic, PartitionId partition,
                              AssignmentEpoch epoch)
  : batch_(std::make_shared<RecordBatch>()) {
  batch_->topic_ = std::move(topic);
  batch_->partition_ = partition;
  batch_->epoch_ = epoch;
}

void RecordBatch::Builder::reserve(std::size_t records,
                                   std::size_t payload_bytes) {
  batch_->slots_.reserve(records);
  batch_->bytes_.reserve(payload_bytes);
}

void RecordBatch::Builder::append(const RecordView& record) {
  auto& bytes = batch_->bytes_;
  auto length = [](const auto& piece) {
    return piece ? static_cast<std::int32_t>(piece->size()) : -1;
  };
  assert(bytes.size() + (record.key ? record.key->size() : 0)
           + (record.value ? record.value->size() : 0) + record.headers.size()
         < std::numeric_limits<std::int32_t>::max());
  assert(batch_->slots_.empty() || record.offset > batch_->last_offset());
  Slot slot;
  slot.offset = record.offset.value;
  slot.timestamp_ms = record.timestamp_ms;
  slot.key_begin = static_cast<std::uint32_t>(bytes.size());
  slot.key_bytes = length(record.key);
  slot.value_bytes = length(record.value);
  slot.headers_bytes = static_cast<std::uint32_t>(record.headers.size());
  if (record.key)
    bytes.append(*record.key);
  if (record.value)
    bytes.append(*record.value);
  bytes.append(record.headers);
  batch_->slots_.push_back(slot);
}

RecordBatchPtr RecordBatch::Builder::finish() {
  auto next = std::make_shared<RecordBatch>();
  next->topic_ = batch_->topic_;
  next->partition_ = batch_->partition_;
  next->epoch_ = batch_->epoch_;
  return std::exchange(batch_, std::move(next));
}

} // namespace millrace::logic
