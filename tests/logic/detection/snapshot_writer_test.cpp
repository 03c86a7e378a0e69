#define CAF_SUITE snapshot_writer

#include "logic/detection/snapshot_writer.hpp"

#include "tests/logic/detection/saved_shard.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace;
using namespace millrace::logic::detection;
using namespace millrace::tests;

namespace {

constexpr std::size_t max_users = 20'000;

std::size_t count(const Snapshot& snapshot, StateKind kind) {
  std::size_t records = 0;
  for (const auto& record : snapshot.records)
    records += decode_key(record.key)->kind == kind ? 1 : 0;
  return records;
}

} // namespace

CAF_TEST(the_first_snapshot_holds_all_and_later_ones_what_changed) {
  LivingShard shard{max_users};
  for (std::uint64_t user = 0; user != 10'000; ++user)
    shard.log_in(user);
  SnapshotWriter writer{{some_shape, 1, {}}};
  const auto first = writer.take(shard.state(), 0);
  CAF_CHECK(writer.under_way());
  CAF_CHECK_EQUAL(first.number, 1u);
  CAF_CHECK_EQUAL(first.pages, pages_of<UserState>(max_users)
                                 + pages_of<AddressState>(max_users / 4));
  CAF_CHECK_EQUAL(first.rows, 0u);
  CAF_CHECK_EQUAL(count(first, StateKind::closing), 1u);
  writer.saved();
  CAF_CHECK(!writer.under_way());
  shard.log_in(1);
  shard.log_in(2);
  const auto second = writer.take(shard.state(), 0);
  CAF_CHECK_EQUAL(second.number, 2u);
  CAF_CHECK_EQUAL(second.rows, 2u);
  CAF_CHECK_LESS(second.bytes, 3000u);
  writer.saved();
  const auto third = writer.take(shard.state(), 0);
  CAF_CHECK_EQUAL(third.records.size(), 1u); // the closing alone
}

CAF_TEST(no_record_is_larger_than_its_limit) {
  LivingShard shard{max_users};
  shard.log_in(50'000, 40'000);
  SnapshotWriter writer{{some_shape, 1, {}}};
  for (int i = 0; i != 20; ++i) {
    for (const auto& record : writer.take(shard.state(), 0).records)
      CAF_CHECK_LESS_OR_EQUAL(record.value.size(), max_state_record_bytes);
    writer.saved();
    shard.log_in(3000, 40'000);
  }
}

CAF_TEST(every_changed_page_is_written_as_a_whole_in_its_turn) {
  LivingShard shard{max_users};
  shard.log_in(20'000, 10'000);
  SnapshotWriter writer{{some_shape, 1, {}}};
  Log log;
  save(shard, writer, log);
  shard.log_in(1000, 10'000);
  std::size_t pages = 0;
  for (std::uint32_t i = 0; i != change_slots; ++i) {
    pages += writer.take(shard.state(), 0).pages;
    writer.saved();
  }
  // Each one changed, in one snapshot; all others had nothing to say.
  CAF_CHECK_EQUAL(pages, pages_of<UserState>(max_users)
                           + pages_of<AddressState>(max_users / 4));
  for (std::uint32_t i = 0; i != change_slots; ++i) {
    CAF_CHECK_EQUAL(writer.take(shard.state(), 0).pages, 0u);
    writer.saved();
  }
}

CAF_TEST(a_page_that_changed_by_half_is_written_at_once) {
  LivingShard shard{max_users};
  shard.log_in(100'000, 100'000);
  SnapshotWriter writer{{some_shape, 1, {}}};
  Log log;
  save(shard, writer, log);
  shard.log_in(30'000, 100'000);
  const auto snapshot = writer.take(shard.state(), 0);
  CAF_CHECK_GREATER(snapshot.pages, pages_of<UserState>(max_users) / 2);
}

CAF_TEST(what_could_not_be_saved_comes_again) {
  LivingShard shard{max_users};
  shard.log_in(100, 1000);
  SnapshotWriter writer{{some_shape, 1, {}}};
  writer.take(shard.state(), 0);
  writer.failed();
  const auto again = writer.take(shard.state(), 0);
  CAF_CHECK_EQUAL(again.number, 1u);
  CAF_CHECK_GREATER(again.pages, 0u);
  writer.saved();
  shard.log_in(5);
  const auto lost = writer.take(shard.state(), 0);
  writer.failed();
  shard.log_in(7);
  const auto both = writer.take(shard.state(), 0);
  CAF_CHECK_EQUAL(both.number, lost.number);
  CAF_CHECK_EQUAL(both.rows, lost.rows + 1);
}

CAF_TEST(former_keys_are_deleted_once_nobody_needs_them) {
  LivingShard shard{max_users};
  SnapshotWriter writer{{some_shape, 2, {"a", "b"}}};
  const auto deleted = [](const Snapshot& snapshot) {
    return std::count_if(snapshot.records.begin(), snapshot.records.end(),
                         [](const auto& each) { return each.value.empty(); });
  };
  CAF_CHECK_EQUAL(deleted(writer.take(shard.state(), 0)), 0);
  writer.saved();
  CAF_CHECK_EQUAL(deleted(writer.take(shard.state(), 0)), 2);
  writer.failed();
  CAF_CHECK_EQUAL(deleted(writer.take(shard.state(), 0)), 2);
  writer.saved();
  CAF_CHECK_EQUAL(deleted(writer.take(shard.state(), 0)), 0);
}

CAF_TEST(counts_of_touches_may_wrap) {
  LivingShard shard{max_users};
  shard.state().users.resume(0xFFFFFF00U);
  shard.log_in(100, 1000);
  SnapshotWriter writer{{some_shape, 1, {}}};
  Log log;
  save(shard, writer, log);
  shard.log_in(1000, 1000);
  save(shard, writer, log);
  CAF_CHECK(bytes_of(restored(log, max_users).state)
            == bytes_of(shard.state()));
  // So many touches that old and new times cannot be told apart: all is saved.
  shard.state().users.resume(shard.state().users.touches() + 0x90000000U);
  const auto snapshot = writer.take(shard.state(), 0);
  CAF_CHECK_GREATER_OR_EQUAL(snapshot.pages, pages_of<UserState>(max_users));
}
