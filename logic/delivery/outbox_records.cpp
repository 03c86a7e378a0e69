#include "logic/delivery/outbox.hpp"

#include <string_view>

/// What the outbox hands to the sink for a record.
namespace millrace::logic {

const Outbox::FailedRecord* Outbox::find_failed(const Slot& slot,
                                                std::uint32_t index) {
  const auto found = slot.failed_records.find(index);
  return found == slot.failed_records.end() ? nullptr : &found->second;
}

Destination Outbox::destination_of(SendToken token) const {
  const auto& slot = slots_[token.slot];
  const auto* failed = find_failed(slot, token.index);
  const bool dead = slot.batch->records[token.index].dead
                    || (failed != nullptr && failed->dead_because);
  return dead ? Destination::dead_letters : Destination::output;
}

OutgoingRecord Outbox::outgoing(SendToken token, std::int64_t wall_ms,
                                MadeTexts& made) const {
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
  const auto* failed = find_failed(slot, token.index);
  const bool present_time = failed != nullptr && failed->present_time;
  if (present_time)
    record.timestamp_ms = wall_ms;
  if (record.destination == Destination::dead_letters) {
    const auto form = failed == nullptr ? Form::whole : failed->form;
    if (form == Form::whole)
      record.value = source.value;
    if (form == Form::note_only)
      record.key.reset();
    if (!record.key && dead_letters_need_keys_) {
      made.key = place_key({raw.topic(), raw.partition(), source.offset});
      record.key = made.key;
    }
    made.headers.clear();
    if (form != Form::note_only)
      append_carried_over(made.headers, source.headers);
    write_note(slot, token.index, wall_ms, made.headers);
    record.headers = made.headers;
    return record;
  }
  record.value = std::string_view{slot.batch->bytes}.substr(encoded.begin,
                                                            encoded.length);
  if (present_time)
    record.value = failed->value;
  if (!config_.provenance_header && !present_time)
    return record;
  made.headers.clear();
  append_carried_over(made.headers, source.headers);
  if (config_.provenance_header)
    append_provenance(made.headers,
                      {raw.topic(), raw.partition(), source.offset});
  if (present_time)
    append_original_timestamp(made.headers, source.timestamp_ms);
  record.headers = made.headers;
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
  const auto* failed = find_failed(slot, index);
  if (failed != nullptr && failed->dead_because) {
    note.reason = *failed->dead_because;
    note.detail = *failed->detail;
    note.attempts = failed->attempts;
  } else {
    note.detail = slot.batch->details[encoded.detail];
  }
  if (failed != nullptr)
    write_changes(raw[encoded.record], *failed, note);
  note.stage = note.reason == Reason::poison ? slot.batch->poisoned_stage
                                             : stage_of(note.reason);
  append_dead_letter_note(headers, note);
}

void Outbox::write_changes(const RecordView& source, const FailedRecord& failed,
                           DeadLetterNote& note) {
  if (failed.present_time)
    note.original_timestamp_ms = source.timestamp_ms;
  if (failed.form != Form::whole && source.value)
    note.value = omit(*source.value);
  if (failed.form == Form::note_only && source.key)
    note.key = omit(*source.key);
}

} // namespace millrace::logic
