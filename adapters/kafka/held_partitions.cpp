#include "adapters/kafka/held_partitions.hpp"

#include "adapters/kafka/message_fields.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

/// Epochs outlive a client: one that is built anew must not repeat those of
/// its predecessor, whose batches may still be under way.
logic::AssignmentEpoch next_epoch() {
  static std::atomic<std::uint64_t> last{0};
  return logic::AssignmentEpoch{++last};
}

std::size_t bytes_of(const rd_kafka_message_t& message) noexcept {
  return message.len + message.key_len;
}

} // namespace

HeldPartitions::HeldPartitions(rd_kafka_t* client, rd_kafka_queue_t* records,
                               std::string topic)
  : client_(client), records_(records), topic_(std::move(topic)) {}

logic::PartitionEpoch HeldPartitions::add(logic::PartitionId partition) {
  auto& held = entries_[partition];
  drop_waiting(held);
  held = Held{};
  held.id = {partition, next_epoch()};
  held.queue.reset(
    rd_kafka_queue_get_partition(client_, topic_.c_str(), partition.value));
  if (held.queue)
    rd_kafka_queue_forward(held.queue.get(), records_);
  return held.id;
}

void HeldPartitions::remove(logic::PartitionEpoch partition) {
  const auto entry = entries_.find(partition.partition);
  if (entry == entries_.end() || entry->second.id != partition)
    return;
  drop_waiting(entry->second);
  entries_.erase(entry);
}

void HeldPartitions::set_lost(logic::PartitionId partition) {
  const auto entry = entries_.find(partition);
  if (entry == entries_.end())
    return;
  drop_waiting(entry->second);
  entry->second.lost = true;
}

void HeldPartitions::clear() {
  entries_.clear();
  waiting_ = 0;
  waiting_bytes_ = 0;
}

void HeldPartitions::drop_waiting(Held& held) {
  waiting_ -= held.waiting.size();
  waiting_bytes_ -= held.waiting_bytes;
  held.waiting_bytes = 0;
  held.waiting.clear();
}

bool HeldPartitions::holds(logic::PartitionEpoch partition) const {
  const auto* held = find(partition.partition);
  return held != nullptr && *held == partition;
}

bool HeldPartitions::owns(logic::PartitionEpoch partition) const {
  const auto entry = entries_.find(partition.partition);
  return entry != entries_.end() && entry->second.id == partition
         && !entry->second.lost;
}

const logic::PartitionEpoch*
HeldPartitions::find(logic::PartitionId partition) const {
  const auto entry = entries_.find(partition);
  return entry == entries_.end() ? nullptr : &entry->second.id;
}

std::vector<logic::PartitionId> HeldPartitions::ids() const {
  std::vector<logic::PartitionId> result;
  result.reserve(entries_.size());
  for (const auto& [partition, held] : entries_)
    result.push_back(partition);
  return result;
}

std::optional<logic::Offset> HeldPartitions::push(rd_kafka_message_t* message) {
  MessagePtr owned{message};
  const auto entry = entries_.find(logic::PartitionId{message->partition});
  if (entry == entries_.end() || entry->second.lost || entry->second.unplaced)
    return std::nullopt;
  auto& held = entry->second;
  if (message->offset < held.next_offset)
    return logic::Offset{held.next_offset};
  held.next_offset = message->offset + 1;
  held.placed = true;
  const auto bytes = bytes_of(*owned);
  held.waiting_bytes += bytes;
  waiting_bytes_ += bytes;
  held.waiting.push_back(std::move(owned));
  ++waiting_;
  return std::nullopt;
}

void HeldPartitions::note_end(logic::PartitionId partition,
                              std::int64_t offset) {
  const auto entry = entries_.find(partition);
  if (entry == entries_.end() || entry->second.lost || entry->second.unplaced)
    return;
  entry->second.end = offset;
  entry->second.placed = true;
}

std::optional<logic::PartitionOffset>
HeldPartitions::end(logic::PartitionId partition) const {
  const auto entry = entries_.find(partition);
  if (entry == entries_.end())
    return std::nullopt;
  const auto& held = entry->second;
  if (held.lost || !held.confirmed || !held.waiting.empty() || held.end < 0
      || held.end < held.next_offset)
    return std::nullopt;
  return logic::PartitionOffset{partition, held.id.epoch,
                                logic::Offset{held.end}};
}

std::optional<logic::Offset>
HeldPartitions::expected(logic::PartitionId partition) const {
  const auto entry = entries_.find(partition);
  if (entry == entries_.end())
    return std::nullopt;
  const auto next = std::max(entry->second.next_offset, entry->second.end);
  return next < 0 ? std::nullopt : std::optional{logic::Offset{next}};
}

void HeldPartitions::confirm(logic::PartitionId partition, std::string mark,
                             bool placed) {
  const auto entry = entries_.find(partition);
  if (entry == entries_.end())
    return;
  entry->second.confirmed = true;
  entry->second.placed |= placed;
  entry->second.mark = std::move(mark);
  ++marks_set_;
}

logic::PartitionEpoch HeldPartitions::restart(logic::PartitionId partition) {
  const auto id = add(partition);
  entries_[partition].unplaced = true;
  return id;
}

void HeldPartitions::unplace(logic::PartitionId partition) {
  const auto entry = entries_.find(partition);
  if (entry == entries_.end())
    return;
  drop_waiting(entry->second);
  entry->second.unplaced = true;
  entry->second.placed = false;
}

void HeldPartitions::place(logic::PartitionId partition, logic::Offset offset,
                           std::string mark) {
  const auto entry = entries_.find(partition);
  if (entry == entries_.end())
    return;
  auto& held = entry->second;
  held.next_offset = offset.value;
  held.end = -1;
  held.unplaced = false;
  held.confirmed = true;
  held.placed = true;
  held.mark = std::move(mark);
  ++marks_set_;
}

void HeldPartitions::connect_queues() {
  for (auto& [partition, held] : entries_) {
    if (!held.queue)
      continue;
    rd_kafka_queue_forward(held.queue.get(), records_);
    held.diverted = false;
  }
}

const std::string& HeldPartitions::mark(logic::PartitionId partition) const {
  static const std::string none;
  const auto entry = entries_.find(partition);
  return entry == entries_.end() ? none : entry->second.mark;
}

bool HeldPartitions::all_placed() const {
  return std::ranges::all_of(entries_, [](const auto& entry) {
    return entry.second.placed || entry.second.lost;
  });
}

logic::RecordBatchPtr HeldPartitions::take(const logic::BatchLimits& limits,
                                           const Accepts& accepts) {
  if (waiting_ == 0)
    return nullptr;
  // Once around the ring, starting behind the partition served last.
  auto entry = entries_.upper_bound(turn_);
  for (std::size_t seen = 0; seen != entries_.size(); ++seen, ++entry) {
    if (entry == entries_.end())
      entry = entries_.begin();
    auto& held = entry->second;
    if (held.waiting.empty() || !held.confirmed
        || (accepts && !accepts(entry->first)))
      continue;
    turn_ = entry->first;
    return build(held, limits);
  }
  return nullptr;
}

logic::RecordBatchPtr HeldPartitions::build(Held& held,
                                            const logic::BatchLimits& limits) {
  std::size_t records = 0;
  std::size_t bytes = 0;
  for (const auto& message : held.waiting) {
    const auto size = bytes_of(*message);
    if (records != 0
        && (records >= limits.max_records || bytes + size > limits.max_bytes))
      break;
    ++records;
    bytes += size;
  }
  logic::RecordBatch::Builder builder{topic_, held.id.partition, held.id.epoch};
  builder.reserve(records, bytes);
  for (std::size_t count = 0; count != records; ++count) {
    builder.append(to_record(*held.waiting.front(), headers_));
    const auto size = bytes_of(*held.waiting.front());
    held.waiting_bytes -= size;
    waiting_bytes_ -= size;
    held.waiting.pop_front();
    --waiting_;
    if (builder.payload_bytes() >= limits.max_bytes) // headers count as well
      break;
  }
  return builder.finish();
}

void HeldPartitions::route(const logic::BatchLimits& limits,
                           const Accepts& accepts) {
  for (auto& [partition, held] : entries_) {
    if (!held.queue || (held.waiting.empty() && !held.diverted))
      continue;
    const bool accepted = held.confirmed && (!accepts || accepts(partition));
    const bool full = held.waiting.size() >= limits.max_records
                      || held.waiting_bytes >= limits.max_bytes;
    const bool divert = !accepted && full;
    if (accepted && held.diverted) {
      rd_kafka_queue_forward(held.queue.get(), records_);
      held.diverted = false;
    } else if (divert && !held.diverted) {
      rd_kafka_queue_forward(held.queue.get(), nullptr);
      held.diverted = true;
    }
  }
}

} // namespace millrace::adapters::kafka
