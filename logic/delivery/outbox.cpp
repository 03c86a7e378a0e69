#include "logic/delivery/outbox.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

namespace millrace::logic {

namespace {

/// Records given to the sink in one call.
constexpr std::size_t chunk_records = 256;

} // namespace

Outbox::Outbox(OutboxConfig config)
  : config_(std::move(config)), chunk_headers_(chunk_records) {
  chunk_.reserve(chunk_records);
}

void Outbox::add(const BatchTicket& ticket, EncodedBatchPtr batch) {
  assert(!holds(ticket.id));
  const auto slot = free_slot();
  auto& state = slots_[slot];
  state = Slot{};
  state.ticket = ticket;
  state.arrival = ++arrivals_;
  state.outstanding = static_cast<std::uint32_t>(batch->records.size());
  for (const auto& record : batch->records)
    if (record.dead) {
      ++state.dead;
      ++dead_letters_[static_cast<std::size_t>(record.reason)];
    }
  state.batch = std::move(batch);
  by_id_.emplace(ticket.id, slot);
  unsent_.push_back(slot);
}

bool Outbox::holds(BatchId id) const {
  return by_id_.contains(id);
}

void Outbox::pump(RecordSink& sink, TimePoint now, std::int64_t wall_ms) {
  wall_ms_ = wall_ms;
  if (!pump_refused(sink, wall_ms) || !pump_retries(sink, now, wall_ms))
    return;
  while (!unsent_.empty()) {
    const auto slot = unsent_.front();
    if (!pump_slot(sink, slot, now, wall_ms))
      return;
    unsent_.pop_front();
    finish_if_done(slot);
  }
}

std::size_t Outbox::send_chunk(RecordSink& sink) {
  const auto taken = sink.send(chunk_);
  queued_ += taken;
  for (std::size_t index = 0; index != taken; ++index)
    if (chunk_[index].destination == Destination::dead_letters)
      ++queued_dead_letters_;
  return taken;
}

bool Outbox::pump_refused(RecordSink& sink, std::int64_t wall_ms) {
  if (!refused_.busy())
    return true;
  if (queued_ != 0)
    return false; // what is under way would share a request with the group
  const auto group = refused_.next_group();
  if (group.empty())
    return true;
  const auto records = std::min(group.size(), chunk_records);
  chunk_.clear();
  for (const auto token : group.first(records))
    chunk_.push_back(outgoing(token, wall_ms, chunk_headers_[chunk_.size()]));
  refused_.on_sent(send_chunk(sink));
  sink.hurry();
  return false;
}

void Outbox::put_due_in_order(TimePoint now) {
  for (;;) {
    const auto found = retry_queue_.upper_bound(
      {TimePoint::min(), std::numeric_limits<std::uint64_t>::max(),
       std::numeric_limits<std::uint32_t>::max()});
    if (found == retry_queue_.end() || found->first.due > now)
      return;
    auto node = retry_queue_.extract(found);
    node.key().due = TimePoint::min();
    retry_queue_.insert(std::move(node));
  }
}

bool Outbox::pump_retries(RecordSink& sink, TimePoint now,
                          std::int64_t wall_ms) {
  put_due_in_order(now);
  while (!retry_queue_.empty() && retry_queue_.begin()->first.due <= now) {
    const auto token = retry_queue_.begin()->second;
    if (const auto until = held_until(token); until > now) {
      retry_queue_.erase(retry_queue_.begin());
      retry_at(until, token);
      continue;
    }
    chunk_.assign(1, outgoing(token, wall_ms, chunk_headers_.front()));
    if (is_full_of_dead_letters(chunk_.front().destination)
        || send_chunk(sink) == 0)
      return false;
    retry_queue_.erase(retry_queue_.begin());
  }
  return true;
}

bool Outbox::pump_slot(RecordSink& sink, std::uint32_t slot, TimePoint now,
                       std::int64_t wall_ms) {
  auto& state = slots_[slot];
  const auto total = static_cast<std::uint32_t>(state.batch->records.size());
  while (state.sent != total) {
    fill_chunk(slot, now, wall_ms);
    if (chunk_.empty() && state.sent != total)
      return false; // no more dead letters for now
    const auto taken = send_chunk(sink);
    state.sent += static_cast<std::uint32_t>(taken);
    if (taken != chunk_.size())
      return false;
  }
  return true;
}

void Outbox::fill_chunk(std::uint32_t slot, TimePoint now,
                        std::int64_t wall_ms) {
  auto& state = slots_[slot];
  const auto total = static_cast<std::uint32_t>(state.batch->records.size());
  chunk_.clear();
  std::size_t dead_letters = 0;
  for (auto index = state.sent; index != total; ++index) {
    const SendToken token{slot, index};
    if (const auto until = held_until(token); until > now) {
      if (!chunk_.empty())
        return; // that goes first
      retry_at(until, token);
      ++state.sent;
      continue;
    }
    if (destination_of(token) == Destination::dead_letters
        && queued_dead_letters_ + dead_letters++
             >= config_.max_queued_dead_letters)
      return;
    replace_refused_timestamp(token, now);
    chunk_.push_back(outgoing(token, wall_ms, chunk_headers_[chunk_.size()]));
    if (chunk_.size() == chunk_records)
      return;
  }
}

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

void Outbox::finish_if_done(std::uint32_t slot) {
  auto& state = slots_[slot];
  if (state.batch == nullptr || state.outstanding != 0)
    return;
  const auto total = static_cast<std::uint32_t>(state.batch->records.size());
  if (!state.forgotten)
    delivered_.push_back({state.ticket, total - state.dead, state.dead});
  by_id_.erase(state.ticket.id);
  state = Slot{};
  free_slots_.push_back(slot);
}

std::uint64_t Outbox::send_unreported_again(TimePoint now) {
  std::uint64_t again = 0;
  queued_ = 0;
  queued_dead_letters_ = 0;
  std::vector<std::vector<bool>> waits_in(slots_.size());
  for (std::uint32_t slot = 0; slot != slots_.size(); ++slot)
    if (const auto& batch = slots_[slot].batch)
      waits_in[slot].resize(batch->records.size());
  for (const auto& [key, token] : retry_queue_)
    waits_in[token.slot][token.index] = true;
  for (std::uint32_t slot = 0; slot != slots_.size(); ++slot) {
    auto& state = slots_[slot];
    if (state.batch == nullptr)
      continue;
    auto& waits = waits_in[slot];
    auto waiting = static_cast<std::uint32_t>(std::ranges::count(waits, true));
    for (std::uint32_t index = 0; index != waits.size(); ++index)
      if (!waits[index] && refused_.holds({slot, index})) {
        waits[index] = true;
        ++waiting;
      }
    const auto total = static_cast<std::uint32_t>(waits.size());
    if (state.outstanding <= waiting + (total - state.sent))
      continue;
    for (std::uint32_t index = 0; index != state.sent; ++index)
      if (!waits[index]) {
        retry_at(now, SendToken{slot, index});
        ++again;
      }
    state.outstanding = total;
  }
  retries_ += again;
  return again;
}

void Outbox::retry_all_at(TimePoint now) {
  const auto waiting = std::exchange(retry_queue_, {});
  for (const auto& [key, token] : waiting)
    retry_at(now, token);
  held_until_.fill(now);
}

std::optional<Outbox::TimePoint> Outbox::next_retry() const {
  if (retry_queue_.empty())
    return std::nullopt;
  return retry_queue_.begin()->first.due;
}

void Outbox::forget(PartitionId partition, AssignmentEpoch epoch) {
  // In one pass over what waits: it may be very much.
  std::vector<bool> ours(slots_.size());
  for (std::uint32_t slot = 0; slot != slots_.size(); ++slot) {
    auto& state = slots_[slot];
    if (state.batch == nullptr || state.ticket.partition != partition
        || state.ticket.epoch != epoch)
      continue;
    ours[slot] = true;
    state.forgotten = true;
    // Only what the sink holds will still be reported.
    const auto total = static_cast<std::uint32_t>(state.batch->records.size());
    state.outstanding -= total - state.sent;
    state.sent = total;
    state.outstanding -= static_cast<std::uint32_t>(refused_.forget(slot));
  }
  std::erase_if(retry_queue_, [&](const auto& entry) {
    const auto slot = entry.second.slot;
    slots_[slot].outstanding -= ours[slot] ? 1 : 0;
    return ours[slot];
  });
  std::erase_if(unsent_, [&](std::uint32_t slot) { return ours[slot]; });
  for (std::uint32_t slot = 0; slot != slots_.size(); ++slot)
    if (ours[slot])
      finish_if_done(slot);
}

void Outbox::hold(Destination destination, TimePoint until) {
  auto& held = held_until_[static_cast<std::size_t>(destination)];
  held = std::max(held, until);
}

bool Outbox::waits_for(Destination destination) const {
  return std::any_of(retry_queue_.begin(), retry_queue_.end(),
                     [&](const auto& entry) {
                       return destination_of(entry.second) == destination;
                     });
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

std::vector<DeliveredBatch> Outbox::take_delivered() {
  return std::exchange(delivered_, {});
}

std::vector<OutboxNotice> Outbox::take_notices() {
  return std::exchange(notices_, {});
}

std::uint32_t Outbox::free_slot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const auto slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

} // namespace millrace::logic
