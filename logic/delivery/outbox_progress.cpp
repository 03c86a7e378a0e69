#include "logic/delivery/outbox.hpp"

#include <algorithm>
#include <utility>

/// What the outbox says of records and batches that are under way.
namespace millrace::logic {

std::optional<Provenance> Outbox::source_of(SendToken token) const {
  if (token.slot >= slots_.size() || slots_[token.slot].batch == nullptr
      || token.index >= slots_[token.slot].batch->records.size())
    return std::nullopt;
  const auto& batch = *slots_[token.slot].batch;
  return Provenance{batch.raw->topic(), batch.raw->partition(),
                    (*batch.raw)[batch.records[token.index].record].offset};
}

std::uint32_t Outbox::attempts(SendToken token) const {
  const auto& failed = slots_[token.slot].failed_records;
  const auto found = failed.find(token.index);
  return found == failed.end() ? 1 : found->second.attempts;
}

/// Nothing while it is not known which records those are.
std::optional<std::uint32_t> Outbox::first_undelivered(const Slot& slot) const {
  const auto total = static_cast<std::uint32_t>(slot.batch->records.size());
  std::size_t known = total - slot.sent;
  auto first = slot.sent;
  for (const auto& line : *slot.lines) {
    known += line.count(slot.arrival);
    first = std::min(first, line.first(slot.arrival).value_or(first));
  }
  for (const auto& [index, failed] : slot.failed_records)
    if (failed.retries) {
      ++known;
      first = std::min(first, index);
    }
  if (known != slot.outstanding || first == total)
    return std::nullopt;
  return first;
}

std::vector<PartlyDelivered> Outbox::take_partly_delivered() {
  std::vector<PartlyDelivered> result;
  for (auto& slot : slots_) {
    if (slot.batch == nullptr || slot.forgotten)
      continue;
    const auto first = first_undelivered(slot);
    if (!first || *first <= slot.told)
      continue;
    slot.told = *first;
    const auto& record = slot.batch->records[*first];
    result.push_back({slot.ticket, (*slot.batch->raw)[record.record].offset});
  }
  return result;
}

std::vector<PinnedRecord> Outbox::pinned(std::size_t limit) const {
  std::map<PartitionId, PinnedRecord> first;
  for (const auto& slot : slots_) {
    if (slot.batch == nullptr || slot.forgotten)
      continue;
    const auto& raw = *slot.batch->raw;
    for (const auto& [index, failed] : slot.failed_records) {
      if (failed.stuck == nullptr)
        continue;
      const auto offset = raw[slot.batch->records[index].record].offset;
      auto& pinned = first[raw.partition()];
      if (pinned.text.empty() || offset < pinned.offset)
        pinned = {raw.partition(), offset, *failed.stuck};
    }
  }
  std::vector<PinnedRecord> result;
  for (auto& [partition, pinned] : first)
    if (result.size() != limit)
      result.push_back(std::move(pinned));
  return result;
}

} // namespace millrace::logic
