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
  : config_(std::move(config)), chunk_texts_(chunk_records) {
  chunk_.reserve(chunk_records);
}

void Outbox::add(const BatchTicket& ticket, EncodedBatchPtr batch) {
  assert(!holds(ticket.id));
  const auto slot = free_slot();
  auto& state = slots_[slot];
  state = Slot{};
  state.ticket = ticket;
  state.arrival = ++arrivals_;
  state.lines = &lines_[batch->raw->partition()];
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
  for (std::size_t index = 0; index != destination_count; ++index) {
    const auto destination = static_cast<Destination>(index);
    refused_timestamps_.know(destination, sink.timestamp_bounds(destination));
  }
  if (!pump_refused(sink, now, wall_ms))
    return;
  queue_due_retries(now);
  if (!pump_lines(sink, now, wall_ms))
    return;
  while (!unsent_.empty()) {
    const auto slot = unsent_.front();
    if (config_.transactional && !begin(slot))
      return;
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

bool Outbox::pump_refused(RecordSink& sink, TimePoint now,
                          std::int64_t wall_ms) {
  if (!refused_.busy())
    return true;
  if (queued_ != 0)
    return false; // what is under way would share a request with the group
  const auto group = refused_.next_group([this](auto left, auto right) {
    return std::pair{slots_[left.slot].arrival, left.index}
           < std::pair{slots_[right.slot].arrival, right.index};
  });
  if (group.empty())
    return true;
  const auto records = std::min(group.size(), chunk_records);
  chunk_.clear();
  for (const auto token : group.first(records)) {
    replace_refused_timestamp(token, now);
    chunk_.push_back(outgoing(token, wall_ms, chunk_texts_[chunk_.size()]));
  }
  refused_.on_sent(send_chunk(sink));
  sink.hurry();
  return false;
}

void Outbox::retry_at(TimePoint due, SendToken token, FailedRecord& failed) {
  failed.retries = true;
  retry_queue_.emplace(due, token);
}

void Outbox::wait_in_line(SendToken token, TimePoint now) {
  auto& line = line_of(token);
  if (line.empty())
    busy_lines_.emplace_back(&line, destination_of(token));
  line.join({slots_[token.slot].arrival, token.index}, token, now);
}

void Outbox::wait_in_place(SendToken token, TimePoint now) {
  // Groups that are behind it are sent before the lines.
  if (refused_.under_way())
    refused_.add(token);
  else
    wait_in_line(token, now);
}

void Outbox::give_up_groups(TimePoint now) {
  for (const auto token : refused_.give_up())
    wait_in_line(token, now);
}

/// What is due goes in the order in which it arrived, whenever it failed.
void Outbox::queue_due_retries(TimePoint now) {
  while (!retry_queue_.empty() && retry_queue_.begin()->first <= now) {
    const auto token = retry_queue_.begin()->second;
    retry_queue_.erase(retry_queue_.begin());
    slots_[token.slot].failed_records.at(token.index).retries = false;
    wait_in_line(token, now);
  }
}

bool Outbox::pump_lines(RecordSink& sink, TimePoint now, std::int64_t wall_ms) {
  bool all = true;
  for (const auto& [line, destination] : busy_lines_) {
    all = is_held(destination, now) || pump_line(sink, *line, now, wall_ms);
    if (!all)
      break;
  }
  drop_empty_lines();
  return all;
}

void Outbox::pump_second_probes(RecordSink& sink, TimePoint now,
                                std::int64_t wall_ms) {
  if (refused_.busy())
    return;
  for (const auto& [line, destination] : busy_lines_)
    if (line->second_due() && !is_held(destination, now))
      pump_line(sink, *line, now, wall_ms);
  drop_empty_lines();
}

void Outbox::drop_empty_lines() {
  std::erase_if(busy_lines_,
                [](const auto& each) { return each.first->empty(); });
}

bool Outbox::pump_line(RecordSink& sink, WaitingLine& line, TimePoint now,
                       std::int64_t wall_ms) {
  while (const auto token = line.next(now)) {
    replace_refused_timestamp(*token, now);
    chunk_.assign(1, outgoing(*token, wall_ms, chunk_texts_.front()));
    if (is_full_of_dead_letters(chunk_.front().destination)
        || send_chunk(sink) == 0)
      return false;
    line.on_sent(now);
    if (line.closed())
      sink.hurry();
  }
  return true;
}

bool Outbox::pump_slot(RecordSink& sink, std::uint32_t slot, TimePoint now,
                       std::int64_t wall_ms) {
  auto& state = slots_[slot];
  const auto total = static_cast<std::uint32_t>(state.batch->records.size());
  while (state.sent != total) {
    if (one_by_one_ && queued_ != 0) {
      sink.hurry();
      return false; // the report wakes the owner
    }
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
    const auto destination = destination_of(token);
    const auto& line = (*state.lines)[static_cast<std::size_t>(destination)];
    if (line.closed() || !line.empty() || is_held(destination, now)) {
      if (!chunk_.empty())
        return; // that goes first
      wait_in_line(token, now);
      ++state.sent;
      continue;
    }
    if (destination == Destination::dead_letters
        && queued_dead_letters_ + dead_letters++
             >= config_.max_queued_dead_letters)
      return;
    replace_refused_timestamp(token, now);
    chunk_.push_back(outgoing(token, wall_ms, chunk_texts_[chunk_.size()]));
    if (chunk_.size() == chunk_records
        || (one_by_one_ && index + 1 >= state.proven))
      return;
  }
}

void Outbox::finish_if_done(std::uint32_t slot) {
  auto& state = slots_[slot];
  if (state.batch == nullptr || state.outstanding != 0)
    return;
  if (config_.transactional && !state.forgotten) {
    if (!std::exchange(state.settled, true))
      ++settled_;
    return;
  }
  release(slot);
}

void Outbox::release(std::uint32_t slot) {
  auto& state = slots_[slot];
  const auto total = static_cast<std::uint32_t>(state.batch->records.size());
  if (!state.forgotten)
    delivered_.push_back({state.ticket, total - state.dead, state.dead});
  by_id_.erase(state.ticket.id);
  state = Slot{};
  free_slots_.push_back(slot);
}

std::uint64_t Outbox::send_unreported_again(TimePoint now) {
  std::uint64_t again = 0;
  give_up_groups(now);
  queued_ = 0;
  queued_dead_letters_ = 0;
  for (auto& [partition, lines] : lines_)
    for (auto& line : lines)
      line.on_nothing_queued();
  for (std::uint32_t slot = 0; slot != slots_.size(); ++slot) {
    auto& state = slots_[slot];
    if (state.batch == nullptr)
      continue;
    const auto total = static_cast<std::uint32_t>(state.batch->records.size());
    std::vector<bool> waits(total);
    for (const auto& line : *state.lines)
      line.for_each(state.arrival,
                    [&waits](std::uint32_t index) { waits[index] = true; });
    for (const auto& [index, failed] : state.failed_records)
      if (failed.retries)
        waits[index] = true;
    const auto waiting = std::ranges::count(waits, true);
    if (state.outstanding <= waiting + (total - state.sent))
      continue;
    for (std::uint32_t index = 0; index != state.sent; ++index)
      if (!waits[index]) {
        wait_in_line({slot, index}, now);
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
  for (auto& [partition, lines] : lines_)
    for (auto& line : lines)
      line.hurry(now);
}

std::optional<Outbox::TimePoint> Outbox::next_retry() const {
  std::optional<TimePoint> next;
  if (!retry_queue_.empty())
    next = retry_queue_.begin()->first;
  for (const auto& [line, destination] : busy_lines_)
    if (const auto due = line->due()) {
      const auto when = std::max(
        *due, held_until_[static_cast<std::size_t>(destination)]);
      next = std::min(next.value_or(when), when);
    }
  return next;
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
    for (auto& line : *state.lines)
      state.outstanding -= static_cast<std::uint32_t>(
        line.forget(state.arrival));
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
  drop_empty_lines();
}

void Outbox::hold(Destination destination, TimePoint until) {
  auto& held = held_until_[static_cast<std::size_t>(destination)];
  held = std::max(held, until);
}

void Outbox::try_again(Destination destination, TimePoint now) {
  for (auto& [line, of] : busy_lines_)
    if (of == destination)
      line->hurry(now);
}

bool Outbox::waits_for(Destination destination) const {
  const auto busy = [destination](const auto& lines) {
    return lines.second[static_cast<std::size_t>(destination)].busy();
  };
  return std::ranges::any_of(lines_, busy)
         || std::ranges::any_of(retry_queue_, [&](const auto& entry) {
              return destination_of(entry.second) == destination;
            });
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
