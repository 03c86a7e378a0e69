#define CAF_SUITE snapshot_reader

#include "logic/detection/snapshot_reader.hpp"

#include "tests/logic/detection/saved_shard.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>

using namespace millrace;
using namespace millrace::logic::detection;
using namespace millrace::tests;

namespace {

constexpr std::size_t max_users = 4000;

struct Saved {
  LivingShard shard{max_users};
  SnapshotWriter writer{{some_shape, 1, {}}};
  Log log;

  void live(std::size_t snapshots) {
    for (std::size_t i = 0; i != snapshots; ++i) {
      shard.log_in(300, 3000);
      save(shard, writer, log);
    }
  }
};

StateKind kind_of(const StateRecord& record) {
  return decode_key(record.key)->kind;
}

bool says(const RestoreReport& report, std::string_view word) {
  return std::any_of(report.notes.begin(), report.notes.end(),
                     [word](const std::string& note) {
                       return note.find(word) != std::string::npos;
                     });
}

} // namespace

CAF_TEST(a_shard_is_restored_as_it_was_saved) {
  Saved saved;
  for (int i = 0; i != 40; ++i) {
    saved.live(1);
    for (const auto& log : {saved.log, compacted(saved.log)}) {
      const auto again = restored(log, max_users);
      CAF_CHECK(again.report.restored);
      CAF_CHECK(again.report.notes.empty());
      CAF_CHECK_EQUAL(again.report.snapshot, static_cast<unsigned>(i + 1));
      CAF_CHECK(bytes_of(again.state) == bytes_of(saved.shard.state()));
    }
  }
}

CAF_TEST(who_was_seen_last_stays_longest_after_a_restore_too) {
  LivingShard shard{UserTable::ways};
  for (std::uint64_t user = 0; user != UserTable::ways; ++user)
    shard.log_in(user);
  shard.log_in(0);
  SnapshotWriter writer{{some_shape, 1, {}}};
  Log log;
  save(shard, writer, log);
  for (const std::size_t room : {UserTable::ways, 2 * UserTable::ways}) {
    auto again = restored(log, room);
    const auto hash = [](std::uint64_t user) {
      return (user + 1) * 0x9E3779B97F4A7C15U;
    };
    auto& users = again.state.users;
    CAF_CHECK_EQUAL(users.size(), UserTable::ways);
    CAF_REQUIRE(users.find(hash(0)) != nullptr);
    CAF_CHECK_EQUAL(users.find(hash(0))->logins, 2u);
    if (room != UserTable::ways)
      continue;
    users.touch(12345);
    CAF_CHECK(users.find(hash(0)) != nullptr);
    CAF_CHECK(users.find(hash(1)) == nullptr);
  }
}

CAF_TEST(an_empty_log_is_no_loss) {
  const auto again = restored({}, max_users);
  CAF_CHECK(!again.report.restored);
  CAF_CHECK(again.report.notes.empty());
  CAF_CHECK_EQUAL(again.report.lost_seconds(5'000), 0.0);
}

CAF_TEST(the_age_is_what_may_be_lost_and_an_orderly_end_loses_nothing) {
  Saved saved;
  saved.live(2);
  const auto crashed = restored(saved.log, max_users).report;
  CAF_CHECK_EQUAL(crashed.newest_event_ms, saved.shard.time_ms());
  CAF_CHECK_EQUAL(crashed.lost_seconds(saved.shard.time_ms() + 3'500), 3.5);
  CAF_CHECK_EQUAL(crashed.lost_seconds(0), 0.0);
  save(saved.shard, saved.writer, saved.log, true);
  const auto ended = restored(saved.log, max_users).report;
  CAF_CHECK(ended.orderly);
  CAF_CHECK_EQUAL(ended.lost_seconds(saved.shard.time_ms() + 3'500), 0.0);
  // Its successor crashed before it had saved anything.
  saved.log.push_back(generation_record(some_shape, 2));
  CAF_CHECK(!restored(saved.log, max_users).report.orderly);
}

CAF_TEST(a_torn_snapshot_falls_back_to_the_whole_one_before) {
  Saved saved;
  saved.live(20);
  const auto whole = bytes_of(saved.shard.state());
  const auto log = saved.log;
  saved.shard.log_in(2000, 3000);
  const auto torn = saved.writer.take(saved.shard.state(), 0);
  CAF_REQUIRE_GREATER(torn.records.size(), 3u);
  // Cut off after each of its records, the closing one never among them.
  for (std::size_t records = 1; records != torn.records.size(); ++records) {
    saved.log = log;
    saved.log.insert(saved.log.end(), torn.records.begin(),
                     torn.records.begin()
                       + static_cast<std::ptrdiff_t>(records));
    const auto again = restored(saved.log, max_users);
    CAF_CHECK(again.report.restored);
    CAF_CHECK_EQUAL(again.report.torn, records);
    CAF_CHECK(says(again.report, "was not finished"));
    CAF_CHECK(bytes_of(again.state) == whole);
  }
  // The owner lives on and writes it again.
  saved.writer.failed();
  save(saved.shard, saved.writer, saved.log);
  CAF_CHECK(bytes_of(restored(saved.log, max_users).state)
            == bytes_of(saved.shard.state()));
  CAF_CHECK(bytes_of(restored(compacted(saved.log), max_users).state)
            == bytes_of(saved.shard.state()));
}

CAF_TEST(pages_that_a_torn_snapshot_replaced_are_dropped_and_counted) {
  Saved saved;
  saved.live(20);
  const auto users = saved.shard.state().users.size();
  saved.shard.log_in(2000, 3000);
  auto torn = saved.writer.take(saved.shard.state(), 0);
  torn.records.pop_back();
  std::size_t pages = torn.pages;
  append(saved.log, std::move(torn));
  const auto again = restored(compacted(saved.log), max_users);
  CAF_CHECK(again.report.restored);
  CAF_CHECK_EQUAL(again.report.pages_dropped, pages);
  CAF_CHECK(says(again.report, "is missing"));
  CAF_CHECK_LESS(again.report.users, users);
}

CAF_TEST(a_damaged_page_is_replaced_by_an_older_one_and_counted) {
  Saved saved;
  saved.live(1 + change_slots);
  const auto damaged = std::find_if(
    saved.log.rbegin(), saved.log.rend(),
    [](const auto& each) { return kind_of(each) == StateKind::users; });
  damaged->value.back() ^= 1;
  const auto outdated = restored(saved.log, max_users);
  CAF_CHECK_EQUAL(outdated.report.pages_outdated, 1u);
  CAF_CHECK_EQUAL(outdated.report.pages_dropped, 0u);
  CAF_CHECK_EQUAL(outdated.report.refused, 1u);
  CAF_CHECK(says(outdated.report, "does not match its checksum"));
  const auto dropped = restored(compacted(saved.log), max_users);
  CAF_CHECK_EQUAL(dropped.report.pages_dropped, 1u);
}

CAF_TEST(missing_changes_leave_rows_older_and_are_counted) {
  Saved saved;
  saved.live(5);
  const auto changes = std::find_if(
    saved.log.begin(), saved.log.end(),
    [](const auto& each) { return kind_of(each) == StateKind::user_changes; });
  saved.log.erase(changes);
  const auto again = restored(saved.log, max_users);
  CAF_CHECK(again.report.restored);
  CAF_CHECK_EQUAL(again.report.changes_dropped, 1u);
  CAF_CHECK(says(again.report, "changes of snapshot 2 are missing"));
}

CAF_TEST(a_damaged_closing_falls_back_to_the_one_before) {
  Saved saved;
  saved.live(3);
  const auto whole = bytes_of(saved.shard.state());
  saved.live(1);
  saved.log.back().value.back() ^= 1;
  const auto again = restored(saved.log, max_users);
  CAF_CHECK(bytes_of(again.state) == whole);
  CAF_CHECK_EQUAL(again.report.snapshot, 3u);
  CAF_CHECK_GREATER(again.report.torn, 0u);
}

CAF_TEST(what_a_former_owner_writes_late_does_not_count) {
  Saved former;
  former.live(20);
  auto taken = restored(former.log, max_users);
  CAF_CHECK_EQUAL(taken.newest, 1u);
  SnapshotWriter writer{{some_shape, 2, taken.keys}};
  auto log = former.log;
  log.push_back(generation_record(some_shape, 2));
  // The former owner wakes up.
  former.log.clear();
  former.live(2);
  log.insert(log.end(), former.log.begin(), former.log.end());
  // As long as the new owner has saved nothing, that is the best there is.
  const auto between = restored(log, max_users);
  CAF_CHECK(bytes_of(between.state) == bytes_of(former.shard.state()));
  CAF_CHECK(!between.report.orderly);
  // The new owner saves, and the former writes on between and after.
  append(log, writer.take(taken.state, 7));
  writer.saved();
  former.log.clear();
  former.live(3);
  log.insert(log.end(), former.log.begin(), former.log.end());
  append(log, writer.take(taken.state, 8));
  for (const auto& each : {log, compacted(log)}) {
    const auto again = restored(each, max_users);
    CAF_CHECK_EQUAL(again.report.saved_at_ms, 8);
    CAF_CHECK(bytes_of(again.state) == bytes_of(taken.state));
    CAF_CHECK_EQUAL(again.report.pages_dropped, 0u);
  }
  // The next owner deletes what is left.
  auto next = restored(compacted(log), max_users);
  SnapshotWriter third{{some_shape, 3, next.keys}};
  for (int i = 0; i != 2; ++i) {
    append(log, third.take(next.state, 9));
    third.saved();
  }
  for (const auto& record : compacted(log))
    CAF_CHECK_EQUAL(decode_key(record.key)->generation, 3u);
  CAF_CHECK(bytes_of(restored(compacted(log), max_users).state)
            == bytes_of(taken.state));
}

CAF_TEST(a_former_owner_that_writes_into_a_first_snapshot_does_no_harm) {
  Saved former;
  former.live(5);
  auto taken = restored(former.log, max_users);
  SnapshotWriter writer{{some_shape, 2, taken.keys}};
  const auto first = writer.take(taken.state, 7);
  former.log.clear();
  former.live(1);
  for (std::size_t records = 0; records <= first.records.size(); ++records) {
    const auto middle = first.records.begin()
                        + static_cast<std::ptrdiff_t>(records);
    Log log{first.records.begin(), middle};
    log.insert(log.end(), former.log.begin(), former.log.end());
    log.insert(log.end(), middle, first.records.end());
    const auto again = restored(log, max_users);
    CAF_CHECK_EQUAL(again.report.pages_dropped, 0u);
    CAF_CHECK(bytes_of(again.state) == bytes_of(taken.state));
  }
}

CAF_TEST(what_is_of_another_shard_or_count_of_shards_is_refused) {
  Saved saved;
  saved.live(3);
  auto shape = some_shape;
  shape.shard_count = 16;
  const auto other = restored(saved.log, max_users, shape);
  CAF_CHECK(!other.report.restored);
  CAF_CHECK_EQUAL(other.report.refused, saved.log.size());
  CAF_CHECK(
    says(other.report, "a record is of shard 3 of 32, this is shard 3 of 16"));
  CAF_CHECK(says(other.report, "starts anew"));
  CAF_CHECK_EQUAL(other.state.users.size(), 0u);
  CAF_CHECK_EQUAL(other.newest, 1u);
  CAF_CHECK(!other.keys.empty());
}

CAF_TEST(what_a_newer_program_wrote_is_refused) {
  Saved saved;
  saved.live(3);
  for (auto& record : saved.log) {
    record.value[0] = 2;
    seal_value(record.key, record.value);
  }
  const auto again = restored(saved.log, max_users);
  CAF_CHECK(!again.report.restored);
  CAF_CHECK(says(again.report, "has format version 2"));
  CAF_CHECK_EQUAL(again.newest, 1u);
}

CAF_TEST(other_window_lengths_begin_with_empty_windows) {
  Saved saved;
  saved.live(3);
  auto shape = some_shape;
  shape.slot_ms /= 2;
  shape.half_ms /= 2;
  const auto again = restored(saved.log, max_users, shape);
  CAF_CHECK_EQUAL(again.report.users, saved.shard.state().users.size());
  CAF_CHECK_EQUAL(again.report.addresses, 0u);
  CAF_CHECK(says(again.report, "begin empty"));
  again.state.users.visit_rows(
    0, again.state.users.sets(), [&](std::size_t place) {
      const auto& row = again.state.users.row(place);
      CAF_CHECK(row.slot_logins == decltype(row.slot_logins){});
      CAF_CHECK_GREATER(row.logins, 0u);
    });
}

CAF_TEST(foreign_bytes_are_refused_and_do_no_harm) {
  Saved saved;
  saved.live(3);
  Random random{5};
  auto log = saved.log;
  for (int i = 0; i != 500; ++i) {
    StateRecord record = saved.log[random.below(saved.log.size())];
    auto& bytes = random.below(4) == 0 ? record.key : record.value;
    bytes[random.below(bytes.size())] ^= static_cast<char>(1
                                                           + random.below(255));
    if (random.below(3) == 0)
      bytes.resize(random.below(bytes.size()) + 1);
    log.push_back(std::move(record));
  }
  const auto again = restored(log, max_users);
  CAF_CHECK_EQUAL(again.report.refused + again.report.fenced, 500u);
  CAF_CHECK_LESS_OR_EQUAL(again.report.notes.size(), 8u);
  CAF_CHECK(bytes_of(again.state) == bytes_of(saved.shard.state()));
}

CAF_TEST(absurd_contents_do_no_harm_although_the_checksum_fits) {
  Saved saved;
  saved.live(4);
  Random random{6};
  std::size_t restored_all_the_same = 0;
  for (int round = 0; round != 400; ++round) {
    auto log = saved.log;
    for (int i = 0; i != 3; ++i) {
      // The closing records are few, and hold most that can be wrong.
      auto& record = random.below(2) == 0 ? log.back()
                                          : log[random.below(log.size())];
      const auto at = state_head_bytes
                      + random.below(record.value.size() - state_head_bytes);
      record.value[at] = static_cast<char>(random.below(256));
      if (random.below(4) == 0)
        record.value.resize(
          state_head_bytes
          + random.below(record.value.size() - state_head_bytes));
      if (record.value.size() == state_head_bytes)
        record.value += 'x';
      seal_value(record.key, record.value);
    }
    auto again = restored(log, max_users);
    restored_all_the_same += again.report.restored ? 1 : 0;
    CAF_CHECK_LESS_OR_EQUAL(again.state.users.size(), max_users);
    again.state.users.touch(random.next());
    LivingShard shard{max_users};
    shard.state() = std::move(again.state);
    shard.log_in(20, 3000);
  }
  CAF_CHECK_GREATER(restored_all_the_same, 0u);
}

/// Owners come and go, snapshots fail or are torn, and the log is compacted
/// up to the last whole one: the state is always that of the last whole one.
CAF_TEST(after_any_accident_the_last_whole_snapshot_is_what_there_is) {
  for (std::uint64_t seed = 1; seed != 12; ++seed) {
    Random random{seed};
    LivingShard shard{1500, seed};
    auto writer = std::make_unique<SnapshotWriter>(
      SnapshotWriter::Options{some_shape, 1, {}});
    Log log;
    std::size_t settled = 0; // records up to the last whole snapshot
    std::string whole = bytes_of(shard.state());
    for (int step = 0; step != 60; ++step) {
      shard.log_in(random.below(200), 2000);
      auto snapshot = writer->take(shard.state(), step);
      if (random.below(4) == 0) { // torn
        snapshot.records.resize(random.below(snapshot.records.size()));
        append(log, std::move(snapshot));
        writer->failed();
      } else {
        append(log, std::move(snapshot));
        writer->saved();
        whole = bytes_of(shard.state());
        settled = log.size();
      }
      if (random.below(8) == 0) {
        const auto middle = log.begin() + static_cast<std::ptrdiff_t>(settled);
        auto kept = compacted({log.begin(), middle});
        settled = kept.size();
        kept.insert(kept.end(), middle, log.end());
        log = std::move(kept);
      }
      const auto again = restored(log, 1500);
      CAF_REQUIRE(bytes_of(again.state) == whole || settled == 0);
      CAF_REQUIRE_EQUAL(again.report.pages_dropped, 0u);
      if (random.below(10) == 0) { // a new owner
        shard.state() = again.state;
        writer = std::make_unique<SnapshotWriter>(
          SnapshotWriter::Options{some_shape, again.newest + 1, again.keys});
        log.push_back(generation_record(some_shape, again.newest + 1));
      }
    }
  }
}
