#include "logic/delivery/outbox.hpp"

#include "logic/core/bounded_text.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>

/// What the outbox does about reports.
namespace millrace::logic {

void Outbox::apply_reports(const DeliveryReports& reports, TimePoint now) {
  for (const auto& [slot, count, destination] : reports.delivered) {
    assert(slots_[slot].outstanding >= count);
    on_reported(count, destination == Destination::dead_letters ? count : 0);
    auto& state = slots_[slot];
    const auto index = static_cast<std::size_t>(destination);
    (config_.transactional ? settled_records_ : delivered_records_)[index]
      += count;
    (*state.lines)[index].on_delivered(count, now);
    state.outstanding -= count;
    finish_if_done(slot);
  }
  for (const auto& failure : reports.failed) {
    const auto destination = destination_of(failure.token);
    on_reported(1, destination == Destination::dead_letters ? 1 : 0);
    handle_failure(failure, now);
  }
}

void Outbox::on_reported(std::size_t records, std::size_t dead_letters) {
  queued_ -= std::min(queued_, records);
  queued_dead_letters_ -= std::min(queued_dead_letters_, dead_letters);
}

void Outbox::handle_failure(const DeliveryFailure& failure, TimePoint now) {
  auto& slot = slots_[failure.token.slot];
  const auto index = failure.token.index;
  if (slot.forgotten) {
    line_of(failure.token).on_report(failure.token);
    --slot.outstanding;
    finish_if_done(failure.token.slot);
    return;
  }
  if (config_.transactional)
    return handle_failure_of_transaction(failure, now);
  if (failure.fault == DeliveryFault::fatal) {
    note(OutboxNotice::Kind::client_failed, slot, index, failure.text);
    line_of(failure.token).on_report(failure.token);
    give_up_groups(now);
    wait_in_line(failure.token, now); // for the next client
    return;
  }
  ++retries_;
  if (waits_for_others(failure, now)) {
    give_up_groups(now); // which are sent before the lines
    wait_in_line(failure.token, now);
    return;
  }
  line_of(failure.token).on_report(failure.token);
  if (failure.blame == Blame::request && !refused_.is_single())
    return refused_.add(failure.token);
  if (failure.blame == Blame::neighbour)
    return wait_in_place(failure.token, now);
  auto& failed = slot.failed_records[index];
  if (change_record(failure, failed, now))
    return wait_in_place(failure.token, now);
  charge(failure, failed, now);
}

/// A passing refusal is the record's own doing where it was alone under way
/// and others of its line passed since the last one.
bool Outbox::waits_for_others(const DeliveryFailure& failure, TimePoint now) {
  const bool passing = failure.fault == DeliveryFault::transient;
  if (!passing && failure.fault != DeliveryFault::outage)
    return false;
  auto& line = line_of(failure.token);
  const bool was_closed = line.closed();
  const bool alone = line.on_refused(failure.token, now, config_.back_off,
                                     passing);
  auto& slot = slots_[failure.token.slot];
  if (!was_closed)
    note(OutboxNotice::Kind::waiting, slot, failure.token.index, failure.text);
  if (!passing)
    return true;
  auto& failed = slot.failed_records[failure.token.index];
  if (alone && destination_of(failure.token) == Destination::dead_letters) {
    failed.stuck = shared(failure.text);
    note(OutboxNotice::Kind::stuck, slot, failure.token.index, failure.text);
  }
  const auto before = failed.delivered_before;
  if (alone || !before)
    failed.delivered_before = line.delivered();
  return !alone || !before || *before == line.delivered();
}

void Outbox::charge(const DeliveryFailure& failure, FailedRecord& failed,
                    TimePoint now) {
  auto& slot = slots_[failure.token.slot];
  const auto index = failure.token.index;
  const auto wait = config_.back_off.delay(failed.attempts);
  if (destination_of(failure.token) == Destination::dead_letters) {
    ++failed.attempts;
    failed.stuck = shared(failure.text);
    note(OutboxNotice::Kind::stuck, slot, index, failure.text);
    retry_at(now + wait, failure.token, failed);
    return;
  }
  if (failure.fault == DeliveryFault::transient
      && ++failed.attempts <= config_.retry_limit) {
    retry_at(now + wait, failure.token, failed);
    return;
  }
  note(OutboxNotice::Kind::given_up, slot, index, failure.text);
  dead_letter(slot, failed, Reason::delivery_failed, failure.text);
  failed.delivered_before.reset();
  wait_in_line(failure.token, now);
}

bool Outbox::change_record(const DeliveryFailure& failure, FailedRecord& failed,
                           TimePoint now) {
  auto& slot = slots_[failure.token.slot];
  const auto& encoded = slot.batch->records[failure.token.index];
  if (failure.fault == DeliveryFault::timestamp && !failed.present_time) {
    const auto source = (*slot.batch->raw)[encoded.record];
    refused_timestamps_.add(destination_of(failure.token), source.timestamp_ms,
                            wall_ms_, now);
    replace_timestamp(failure.token, failed);
    return true;
  }
  const auto dead = destination_of(failure.token) == Destination::dead_letters;
  if (failure.fault == DeliveryFault::record && dead
      && (!(*slot.batch->raw)[encoded.record].key
          || failed.form == Form::note_only)
      && !std::exchange(failed.keyless_refused, true)) {
    dead_letters_need_keys_ = true;
    return true;
  }
  if (failure.fault != DeliveryFault::too_large || !dead
      || config_.oversized != OversizedDeadLetter::reference
      || failed.form == Form::note_only)
    return false;
  const auto source = (*slot.batch->raw)[encoded.record];
  if (failed.form == Form::whole) {
    ++references_;
    note(OutboxNotice::Kind::referenced, slot, failure.token.index,
         failure.text);
  }
  failed.form = failed.form == Form::whole && source.value ? Form::without_value
                                                           : Form::note_only;
  return true;
}

void Outbox::replace_timestamp(SendToken token, FailedRecord& failed) {
  const auto& batch = *slots_[token.slot].batch;
  const auto& encoded = batch.records[token.index];
  const auto& raw = *batch.raw;
  const auto source = raw[encoded.record];
  failed.present_time = true;
  ++replaced_timestamps_;
  if (encoded.dead)
    return;
  const auto value = std::string_view{batch.bytes}.substr(encoded.begin,
                                                          encoded.length);
  failed.value = with_original_timestamp(
    value, {raw.topic(), raw.partition(), source.offset}, source.timestamp_ms);
}

void Outbox::replace_refused_timestamp(SendToken token, TimePoint now) {
  if (!refused_timestamps_.any(now))
    return;
  auto& slot = slots_[token.slot];
  const auto source
    = (*slot.batch->raw)[slot.batch->records[token.index].record];
  if (!refused_timestamps_.covers(destination_of(token), source.timestamp_ms,
                                  wall_ms_, now))
    return;
  auto& failed = slot.failed_records[token.index];
  if (!failed.present_time)
    replace_timestamp(token, failed);
}

Outbox::Text Outbox::shared(const std::string& text) {
  auto bounded = bounded_text(text);
  if (last_text_ == nullptr || *last_text_ != bounded)
    last_text_ = std::make_shared<const std::string>(std::move(bounded));
  return last_text_;
}

void Outbox::dead_letter(Slot& slot, FailedRecord& failed, Reason reason,
                         const std::string& detail) {
  failed.dead_because = reason;
  failed.detail = shared(detail);
  ++slot.dead;
  ++dead_letters_[static_cast<std::size_t>(reason)];
}

void Outbox::note(OutboxNotice::Kind kind, const Slot& slot,
                  std::uint32_t index, const std::string& text) {
  const auto& raw = *slot.batch->raw;
  notices_.push_back({kind, raw.partition(),
                      raw[slot.batch->records[index].record].offset, text});
}

} // namespace millrace::logic
