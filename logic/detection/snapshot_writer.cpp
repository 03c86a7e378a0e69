#include "logic/detection/snapshot_writer.hpp"

#include <cassert>

namespace millrace::logic::detection {

Snapshot SnapshotWriter::take(const ShardState& state, std::int64_t now_ms,
                              bool last) {
  assert(!under_way_);
  under_way_ = true;
  Snapshot snapshot;
  // One that failed is written again under its number, over its own records.
  snapshot.number = saved_number_ + 1;
  snapshot.attempt = ++attempts_;
  const StateHead head{snapshot.number, options_.shape.shard,
                       options_.shape.shard_count};
  const bool full = saved_number_ == 0 || users_.overdue(state.users)
                    || addresses_.overdue(state.addresses);
  deleting_ = saved_number_ != 0 && !options_.former_keys.empty();
  if (deleting_)
    for (const auto& key : options_.former_keys)
      snapshot.records.push_back({key, {}});
  users_.take(state.users, {head, options_.generation, full}, snapshot);
  addresses_.take(state.addresses, {head, options_.generation, full}, snapshot);
  append_closing_to(snapshot, head, state, now_ms, last);
  for (const auto& record : snapshot.records)
    snapshot.bytes += record.key.size() + record.value.size();
  return snapshot;
}

void SnapshotWriter::append_closing_to(Snapshot& snapshot,
                                       const StateHead& head,
                                       const ShardState& state,
                                       std::int64_t now_ms, bool last) const {
  StateClosing closing;
  closing.last = last;
  closing.saved_at_ms = now_ms;
  closing.newest_event_ms = users_.newest_event_ms();
  closing.records = static_cast<std::uint32_t>(snapshot.records.size());
  closing.slot_ms = options_.shape.slot_ms;
  closing.failure_slot_ms = options_.shape.failure_slot_ms;
  closing.half_ms = options_.shape.half_ms;
  closing.users = users_.content();
  closing.addresses = addresses_.content();
  closing.applied = state.applied;
  // Two take turns, so that one which is spoilt does not replace the one
  // before.
  StateRecord record{
    encode_key({StateKind::closing, options_.generation,
                static_cast<std::uint32_t>(head.snapshot % 2), 0}),
    begin_value(head)};
  append_closing(record.value, closing);
  seal_value(record.key, record.value);
  snapshot.records.push_back(std::move(record));
}

void SnapshotWriter::settle(std::uint64_t attempt, bool succeeded) noexcept {
  if (!under_way_ || attempt != attempts_)
    return;
  if (succeeded)
    saved();
  else
    failed();
}

void SnapshotWriter::saved() noexcept {
  assert(under_way_);
  under_way_ = false;
  ++saved_number_;
  users_.saved();
  addresses_.saved();
  if (deleting_)
    options_.former_keys = {};
}

} // namespace millrace::logic::detection
