#include "logic/detection/snapshot_reader.hpp"

#include "logic/detection/state_rows.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace millrace::logic::detection {

namespace {

constexpr std::size_t max_notes = 8;
/// Of a record that is kept, besides its value.
constexpr std::size_t record_overhead = 128;
/// Far beyond what one shard writes in all generations that a log can hold.
constexpr std::size_t max_keys = 1'000'000;

bool has_rows(StateKind kind) noexcept {
  return kind != StateKind::generation && kind != StateKind::closing;
}

bool is_well_formed(const StateKey& key, std::string_view body) noexcept {
  switch (key.kind) {
    case StateKind::users:
      return has_all_rows<UserState>(body);
    case StateKind::addresses:
      return has_all_rows<AddressState>(body);
    case StateKind::user_changes:
      return key.place < change_slots && has_all_rows<UserState>(body);
    case StateKind::address_changes:
      return key.place < change_slots && has_all_rows<AddressState>(body);
    default:
      return true;
  }
}

} // namespace

double RestoreReport::lost_seconds(std::int64_t now_ms) const noexcept {
  if (!restored || orderly)
    return 0.0;
  return static_cast<double>(std::max<std::int64_t>(0, now_ms - saved_at_ms))
         / 1000.0;
}

void SnapshotReader::note(std::string what) {
  auto& notes = report_.notes;
  if (notes.size() < max_notes
      && std::find(notes.begin(), notes.end(), what) == notes.end())
    notes.push_back(std::move(what));
}

void SnapshotReader::refuse(std::string why) {
  ++report_.refused;
  note(std::move(why));
}

void SnapshotReader::take(StateRecord record) {
  const auto key = decode_key(record.key);
  if (!key)
    return refuse("a record has a key of " + std::to_string(record.key.size())
                  + " bytes that millrace does not write");
  if (record.value.empty()) { // deleted
    keys_.erase(*key);
    pending_.erase(*key);
    return;
  }
  if (keys_.size() < max_keys)
    keys_.insert(*key);
  const auto value = open_value(record);
  // What another version wrote has its generation all the same.
  if (value || value.error().code == ErrorCode::unsupported) {
    newest_ = std::max(newest_, key->generation);
    // Who has begun and saved nothing yet fences nobody: what its predecessor
    // saved meanwhile is the best there is.
    if (closing_ && key->generation < closing_generation_) {
      ++report_.fenced;
      return;
    }
  }
  if (!value)
    return refuse(value.error().text);
  if (!fits(*key, *value) || key->kind == StateKind::generation)
    return;
  if (key->kind == StateKind::closing)
    conclude(*key, *value);
  else
    hold(*key, *value, std::move(record.value));
}

bool SnapshotReader::fits(const StateKey& key, const StateValue& value) {
  if (value.head.shard != shape_.shard
      || value.head.shard_count != shape_.shard_count) {
    refuse("a record is of shard " + std::to_string(value.head.shard) + " of "
           + std::to_string(value.head.shard_count) + ", this is shard "
           + std::to_string(shape_.shard) + " of "
           + std::to_string(shape_.shard_count));
    return false;
  }
  if (is_well_formed(key, value.body))
    return true;
  refuse("a record of " + std::to_string(value.body.size())
         + " bytes does not hold the rows that it says");
  return false;
}

void SnapshotReader::hold(const StateKey& key, const StateValue& value,
                          std::string bytes) {
  if (too_large_)
    return;
  held_bytes_ += bytes.size() + record_overhead;
  if (held_bytes_ > max_held_bytes) {
    too_large_ = true;
    whole_.clear();
    pending_.clear();
    closing_.reset();
    refuse("the log holds more than "
           + std::to_string(max_held_bytes / (1024 * 1024)) + " MiB");
    return;
  }
  auto& held = pending_[key];
  if (!held.value.empty())
    held_bytes_ -= held.value.size() + record_overhead;
  held = {std::move(bytes), value.checksum, value.head.snapshot};
}

/// All that was written before it and that it names makes up the shard.
void SnapshotReader::conclude(const StateKey& key, const StateValue& value) {
  auto closing = read_closing(value.body);
  if (!closing)
    return refuse("the closing record of snapshot "
                  + std::to_string(value.head.snapshot)
                  + " does not hold what it says");
  if (too_large_)
    return;
  // A page may be missing here because a later one replaced it.
  Records kept;
  closing_generation_ = key.generation;
  keep<UserState>(closing->users, kept);
  keep<AddressState>(closing->addresses, kept);
  whole_ = std::move(kept);
  // What a later owner has written so far is not meant.
  std::erase_if(pending_, [&key](const auto& each) {
    return each.first.generation <= key.generation;
  });
  held_bytes_ = 0;
  for (const auto* records : {&whole_, &pending_})
    for (const auto& [each, held] : *records)
      held_bytes_ += held.value.size() + record_overhead;
  closing_ = std::move(*closing);
  report_.snapshot = value.head.snapshot;
}

template <class Row>
void SnapshotReader::keep(const TableContent& content, Records& kept) {
  StateKey key{StateKinds<Row>::page, closing_generation_, 0, 0};
  for (; key.place != content.pages.size(); ++key.place) {
    if (content.pages[key.place] == 0)
      continue;
    const auto found = pending_.find(key);
    if (found != pending_.end()
        && found->second.checksum == content.pages[key.place])
      kept.insert(pending_.extract(found));
    else
      // Where it is none of the two, an older one is better than none.
      kept.insert(whole_.extract(key));
  }
  key.kind = StateKinds<Row>::changes;
  for (key.place = 0; key.place != change_slots; ++key.place) {
    const auto& changes = content.changes[key.place];
    if (changes.snapshot != 0)
      keep_changes(key, changes, kept);
  }
}

/// All of them or none: with one missing it is not known which belong together.
void SnapshotReader::keep_changes(const StateKey& first,
                                  const TableContent::Changes& changes,
                                  Records& kept) {
  for (auto* records : {&pending_, &whole_}) {
    auto key = first;
    std::uint64_t checksum = 0;
    auto found = records->find(key);
    while (key.part != changes.records && found != records->end()
           && found->second.snapshot == changes.snapshot) {
      checksum = fold_checksum(checksum, found->second.checksum);
      ++key.part;
      found = records->find(key);
    }
    if (key.part != changes.records || checksum != changes.checksum)
      continue;
    for (key = first; key.part != changes.records; ++key.part)
      kept.insert(records->extract(key));
    return;
  }
}

RestoreReport SnapshotReader::restore(ShardState& into) {
  report_.torn = static_cast<std::size_t>(
    std::count_if(pending_.begin(), pending_.end(),
                  [](const auto& each) { return has_rows(each.first.kind); }));
  if (report_.torn != 0)
    note("a snapshot was not finished: its " + std::to_string(report_.torn)
         + " records do not count");
  if (closing_) {
    report_.restored = true;
    report_.orderly = closing_->last && newest_ == closing_generation_
                      && report_.torn == 0;
    report_.saved_at_ms = closing_->saved_at_ms;
    report_.newest_event_ms = closing_->newest_event_ms;
    fill(closing_->users, into.users);
    fill(closing_->addresses, into.addresses);
    into.applied = std::move(closing_->applied);
    if (closing_->slot_ms != shape_.slot_ms
        || closing_->failure_slot_ms != shape_.failure_slot_ms
        || closing_->half_ms != shape_.half_ms)
      note("windows whose length was changed begin empty");
  } else if (report_.refused + report_.torn + report_.fenced != 0) {
    note("no whole snapshot was found: the shard starts anew");
  }
  report_.users = into.users.size();
  report_.addresses = into.addresses.size();
  whole_.clear();
  pending_.clear();
  return std::move(report_);
}

std::vector<std::string> SnapshotReader::take_keys() {
  std::vector<std::string> keys;
  keys.reserve(keys_.size());
  for (const auto& key : keys_)
    keys.push_back(encode_key(key));
  keys_.clear();
  return keys;
}

template <class Row>
void SnapshotReader::fill(const TableContent& content,
                          RecencyTable<Row>& table) {
  if (content.capacity == table.capacity()) {
    visit_saved<Row>(
      content, [&](std::uint32_t place, std::uint32_t seen, const Row& row) {
        report_.rows_dropped += table.put_back(place, seen, row) ? 0 : 1;
      });
    table.resume(content.touches);
    return;
  }
  // Into a table of another size, from the one seen first to the one seen last.
  struct Saved {
    std::uint32_t age = 0;
    Row row;
  };
  std::unordered_map<std::uint32_t, Saved> saved;
  visit_saved<Row>(
    content, [&](std::uint32_t place, std::uint32_t seen, const Row& row) {
      saved[place] = {content.touches - seen, row};
    });
  std::vector<const Saved*> ordered;
  ordered.reserve(saved.size());
  for (const auto& each : saved)
    ordered.push_back(&each.second);
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) {
    return a->age != b->age ? a->age > b->age : a->row.key() < b->row.key();
  });
  for (const auto* each : ordered)
    table.touch(each->row.key()) = each->row;
  note("a table of " + std::to_string(content.capacity) + " rows was put into "
       + std::to_string(table.capacity()));
}

/// The pages, then the rows that changed after them, from the oldest on.
template <class Row, class Put>
void SnapshotReader::visit_saved(const TableContent& content, Put&& put) {
  const auto take = [&](std::uint32_t place, std::uint32_t seen,
                        const char* bytes) {
    Row row;
    if (load(bytes, row))
      put(place, seen, row);
  };
  const auto written = check_pages<Row>(content);
  for (StateKey key{StateKinds<Row>::page, closing_generation_, 0, 0};
       key.place != content.pages.size(); ++key.place)
    if (written[key.place] != 0)
      visit_entries<Row>(
        std::string_view{whole_[key].value}.substr(state_head_bytes), take);
  auto order = content.changes;
  std::array<std::uint32_t, change_slots> slots;
  for (std::uint32_t slot = 0; slot != change_slots; ++slot)
    slots[slot] = slot;
  std::sort(slots.begin(), slots.end(), [&](auto a, auto b) {
    return order[a].snapshot < order[b].snapshot;
  });
  for (const auto slot : slots) {
    const auto& changes = order[slot];
    StateKey key{StateKinds<Row>::changes, closing_generation_, slot, 0};
    if (changes.snapshot == 0)
      continue;
    if (!whole_.contains(key)) {
      ++report_.changes_dropped;
      note("changes of snapshot " + std::to_string(changes.snapshot)
           + " are missing");
      continue;
    }
    for (; key.part != changes.records; ++key.part)
      visit_entries<Row>(
        std::string_view{whole_[key].value}.substr(state_head_bytes),
        [&](std::uint32_t place, std::uint32_t seen, const char* bytes) {
          const auto page = place / rows_per_page<Row>;
          if (page < written.size() && written[page] < changes.snapshot)
            take(place, seen, bytes);
        });
  }
}

/// The snapshots that the pages were written in; 0: there is none.
template <class Row>
std::vector<std::uint64_t>
SnapshotReader::check_pages(const TableContent& content) {
  std::vector<std::uint64_t> written(content.pages.size());
  for (StateKey key{StateKinds<Row>::page, closing_generation_, 0, 0};
       key.place != content.pages.size(); ++key.place) {
    const auto checksum = content.pages[key.place];
    const auto found = whole_.find(key);
    if (checksum == 0)
      continue;
    if (found == whole_.end()) {
      ++report_.pages_dropped;
      note("page " + std::to_string(key.place) + " is missing");
      continue;
    }
    report_.pages_outdated += found->second.checksum == checksum ? 0 : 1;
    written[key.place] = found->second.snapshot;
  }
  return written;
}

/// A row as far as it makes sense here.
template <class Row>
bool SnapshotReader::load(const char* bytes, Row& row) {
  if (!load_row(bytes, row)) {
    ++report_.rows_dropped;
    return false;
  }
  if constexpr (std::same_as<Row, UserState>) {
    if (closing_->slot_ms != shape_.slot_ms)
      row.slot_logins = {};
    if (closing_->failure_slot_ms != shape_.failure_slot_ms) {
      row.slot_failures = {};
      row.success_told = false;
    }
    return true;
  } else {
    return closing_->half_ms == shape_.half_ms;
  }
}

} // namespace millrace::logic::detection
