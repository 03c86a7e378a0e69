#include "logic/delivery/outbox.hpp"

#include <algorithm>
#include <cassert>
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
  if (!pump_retries(sink, now, wall_ms))
    return;
  while (!unsent_.empty()) {
    const auto slot = unsent_.front();
    if (!pump_slot(sink, slot, now, wall_ms))
      return;
    unsent_.pop_front();
    finish_if_done(slot);
  }
}

bool Outbox::pump_retries(RecordSink& sink, TimePoint now,
                          std::int64_t wall_ms) {
  while (!retry_queue_.empty() && retry_queue_.begin()->first <= now) {
    const auto token = retry_queue_.begin()->second;
    chunk_.assign(1, outgoing(token, wall_ms, chunk_headers_.front()));
    if (sink.send(chunk_) == 0)
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
    const auto taken = sink.send(chunk_);
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
  for (auto index = state.sent; index != total; ++index) {
    const SendToken token{slot, index};
    if (const auto until = held_until(token); until > now) {
      if (!chunk_.empty())
        return; // that goes first
      retry_queue_.emplace(until, token);
      ++state.sent;
      continue;
    }
    chunk_.push_back(outgoing(token, wall_ms, chunk_headers_[chunk_.size()]));
    if (chunk_.size() == chunk_records)
      return;
  }
}

Destination Outbox::destination_of(SendToken token) const {
  const auto& slot = slots_[token.slot];
  const auto failed = slot.failed_records.find(token.index);
  const bool dead = slot.batch->records[token.index].dead
                    || (failed != slot.failed_records.end()
                        && failed->second.dead_because);
  return dead ? Destination::dead_letters : Destination::output;
}

OutgoingRecord Outbox::outgoing(SendToken token, std::int64_t wall_ms,
                                std::string& headers) const {
  const auto& slot = slots_[token.slot];
  const auto& encoded = slot.batch->records[token.index];
  const auto& raw = *slot.batch->raw;
  const auto source = raw[encoded.record];
  OutgoingRecord record;
  record.token = token;
  record.destination = destination_of(token);
  record.source_partition = raw.partition();
  record.key = source.key;
  record.timestamp_ms = source.timestamp_ms;
  record.headers = source.headers;
  if (record.destination == Destination::dead_letters) {
    record.value = source.value;
    headers.assign(source.headers);
    write_note(slot, token.index, wall_ms, headers);
    record.headers = headers;
    return record;
  }
  record.value = std::string_view{slot.batch->bytes}.substr(encoded.begin,
                                                            encoded.length);
  if (config_.provenance_header) {
    headers.assign(source.headers);
    append_provenance(headers, {raw.topic(), raw.partition(), source.offset});
    record.headers = headers;
  }
  return record;
}

void Outbox::write_note(const Slot& slot, std::uint32_t index,
                        std::int64_t wall_ms, std::string& headers) const {
  const auto& encoded = slot.batch->records[index];
  const auto& raw = *slot.batch->raw;
  DeadLetterNote note;
  note.source = {raw.topic(), raw.partition(), raw[encoded.record].offset};
  note.reason = encoded.reason;
  note.attempts = slot.ticket.attempt + 1;
  note.time_ms = wall_ms;
  note.node = config_.node;
  const auto failed = slot.failed_records.find(index);
  if (failed != slot.failed_records.end() && failed->second.dead_because) {
    note.reason = *failed->second.dead_because;
    note.detail = failed->second.detail;
    note.attempts = failed->second.attempts;
  } else {
    note.detail = slot.batch->details[encoded.detail];
  }
  note.stage = note.reason == Reason::poison ? slot.batch->poisoned_stage
                                             : stage_of(note.reason);
  append_dead_letter_note(headers, note);
}

void Outbox::apply_reports(const DeliveryReports& reports, TimePoint now) {
  for (const auto& [slot, count] : reports.delivered) {
    assert(slots_[slot].outstanding >= count);
    slots_[slot].outstanding -= count;
    finish_if_done(slot);
  }
  for (const auto& failure : reports.failed)
    handle_failure(failure, now);
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

void Outbox::handle_failure(const DeliveryFailure& failure, TimePoint now) {
  auto& slot = slots_[failure.token.slot];
  const auto index = failure.token.index;
  if (slot.forgotten) {
    --slot.outstanding;
    finish_if_done(failure.token.slot);
    return;
  }
  auto& failed = slot.failed_records[index];
  const bool dead = slot.batch->records[index].dead
                    || failed.dead_because.has_value();
  auto retry = failed.attempts;
  switch (failure.fault) {
    case DeliveryFault::fatal:
      note(OutboxNotice::Kind::client_failed, slot, index, failure.text);
      retry_queue_.emplace(now, failure.token); // with the next client
      return;
    case DeliveryFault::outage:
      break;
    case DeliveryFault::transient:
    case DeliveryFault::record:
      if (dead) {
        ++failed.attempts;
        note(OutboxNotice::Kind::stuck, slot, index, failure.text);
      } else if (failure.fault == DeliveryFault::record
                 || failed.attempts > config_.retry_limit) {
        note(OutboxNotice::Kind::given_up, slot, index, failure.text);
        dead_letter(slot, failed, Reason::delivery_failed, failure.text);
        retry = 0;
      } else {
        ++failed.attempts;
      }
      break;
  }
  ++retries_;
  const auto wait = retry == 0 ? std::chrono::milliseconds{0}
                               : config_.back_off.delay(retry);
  auto due = now + wait;
  if (failure.fault == DeliveryFault::outage) {
    auto& until = held_until(failure.token);
    until = due = std::max(due, until);
  }
  retry_queue_.emplace(due, failure.token);
}

void Outbox::dead_letter(Slot& slot, FailedRecord& failed, Reason reason,
                         std::string detail) {
  failed.dead_because = reason;
  failed.detail = std::move(detail);
  ++slot.dead;
  ++dead_letters_[static_cast<std::size_t>(reason)];
}

void Outbox::note(OutboxNotice::Kind kind, const Slot& slot,
                  std::uint32_t index, const std::string& text) {
  const auto& raw = *slot.batch->raw;
  notices_.push_back({kind, raw.partition(),
                      raw[slot.batch->records[index].record].offset, text});
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
  for (std::uint32_t slot = 0; slot != slots_.size(); ++slot) {
    auto& state = slots_[slot];
    if (state.batch == nullptr)
      continue;
    std::vector<bool> waits(state.batch->records.size());
    std::uint32_t waiting = 0;
    for (const auto& [due, token] : retry_queue_)
      if (token.slot == slot) {
        waits[token.index] = true;
        ++waiting;
      }
    const auto total = static_cast<std::uint32_t>(waits.size());
    if (state.outstanding <= waiting + (total - state.sent))
      continue;
    for (std::uint32_t index = 0; index != state.sent; ++index)
      if (!waits[index]) {
        retry_queue_.emplace(now, SendToken{slot, index});
        ++again;
      }
    state.outstanding = total;
  }
  retries_ += again;
  return again;
}

void Outbox::retry_all_at(TimePoint now) {
  std::multimap<TimePoint, SendToken> due;
  for (const auto& [when, token] : retry_queue_)
    due.emplace(now, token);
  retry_queue_ = std::move(due);
  held_until_.fill(now);
}

std::optional<Outbox::TimePoint> Outbox::next_retry() const {
  if (retry_queue_.empty())
    return std::nullopt;
  return retry_queue_.begin()->first;
}

void Outbox::forget(PartitionId partition, AssignmentEpoch epoch) {
  for (std::uint32_t slot = 0; slot != slots_.size(); ++slot) {
    auto& state = slots_[slot];
    if (state.batch == nullptr || state.ticket.partition != partition
        || state.ticket.epoch != epoch)
      continue;
    state.forgotten = true;
    // Only what the sink holds will still be reported.
    const auto total = static_cast<std::uint32_t>(state.batch->records.size());
    state.outstanding -= total - state.sent;
    state.sent = total;
    state.outstanding -= static_cast<std::uint32_t>(
      std::erase_if(retry_queue_, [slot](const auto& entry) {
        return entry.second.slot == slot;
      }));
    std::erase(unsent_, slot);
    finish_if_done(slot);
  }
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
