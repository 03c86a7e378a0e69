#define CAF_SUITE state_codec

#include "logic/detection/state_codec.hpp"

#include "logic/detection/state_closing.hpp"
#include "logic/detection/state_rows.hpp"

#include "caf/test/dsl.hpp"

#include <cmath>

using namespace millrace::logic;
using namespace millrace::logic::detection;

namespace {

StateRecord some_record() {
  StateRecord record{encode_key({StateKind::users, 7, 3, 0}),
                     begin_value({12, 3, 32})};
  record.value += "the body";
  seal_value(record.key, record.value);
  return record;
}

template <class Row>
void survives(const Row& row) {
  std::array<char, row_bytes<Row>> bytes;
  CAF_CHECK(store_row(bytes.data(), row) == bytes.data() + bytes.size());
  Row again;
  CAF_CHECK(load_row(bytes.data(), again));
  std::array<char, row_bytes<Row>> bytes_again;
  store_row(bytes_again.data(), again);
  CAF_CHECK(bytes == bytes_again);
}

} // namespace

CAF_TEST(a_key_says_what_it_is_about) {
  const StateKey key{StateKind::address_changes, 0x0102030405060708U, 15, 9};
  const auto bytes = encode_key(key);
  CAF_CHECK_EQUAL(bytes.size(), 17u);
  CAF_CHECK(decode_key(bytes) == key);
  CAF_CHECK(!decode_key(bytes.substr(1)));
  CAF_CHECK(!decode_key(""));
  CAF_CHECK(!decode_key(std::string(17, '\0')));
  CAF_CHECK(!decode_key(std::string(17, '\x7F')));
}

CAF_TEST(a_value_is_opened_with_its_own_key_only) {
  const auto record = some_record();
  const auto value = open_value(record);
  CAF_REQUIRE(value);
  CAF_CHECK_EQUAL(value->head.snapshot, 12u);
  CAF_CHECK_EQUAL(value->head.shard, 3u);
  CAF_CHECK_EQUAL(value->head.shard_count, 32u);
  CAF_CHECK_EQUAL(value->body, "the body");
  auto moved = record;
  moved.key = encode_key({StateKind::users, 7, 4, 0});
  CAF_CHECK(!open_value(moved));
}

CAF_TEST(damage_anywhere_is_found) {
  const auto record = some_record();
  for (std::size_t byte = 0; byte != record.value.size(); ++byte) {
    if (byte < 4) // the version: seen below
      continue;
    auto damaged = record;
    damaged.value[byte] = static_cast<char>(damaged.value[byte] ^ 0x10);
    const auto value = open_value(damaged);
    CAF_REQUIRE(!value);
    CAF_CHECK(value.error().code == ErrorCode::malformed);
  }
  for (std::size_t bytes = 0; bytes != record.value.size(); ++bytes)
    CAF_CHECK(!open_value({record.key, record.value.substr(0, bytes)}));
}

CAF_TEST(another_version_is_named) {
  auto record = some_record();
  record.value[0] = 9;
  seal_value(record.key, record.value);
  const auto value = open_value(record);
  CAF_REQUIRE(!value);
  CAF_CHECK(value.error().code == ErrorCode::unsupported);
  CAF_CHECK_EQUAL(value.error().text, "a record has format version 9, this "
                                      "program reads version 1");
}

CAF_TEST(rows_survive_with_all_their_fields) {
  UserState user;
  std::uint8_t count = 1;
  visit_fields(user, [&count]<class Field>(Field& field) {
    field = static_cast<Field>(count++);
  });
  user.device_count = 3;
  survives(user);
  AddressState address;
  visit_fields(address, [&count]<class Field>(Field& field) {
    field = static_cast<Field>(count++);
  });
  survives(address);
}

CAF_TEST(a_row_that_no_rule_leaves_behind_is_not_taken) {
  const auto refuses = [](auto change) {
    UserState user;
    change(user);
    std::array<char, row_bytes<UserState>> bytes;
    store_row(bytes.data(), user);
    UserState again;
    CAF_CHECK(!load_row(bytes.data(), again));
  };
  refuses([](UserState& user) { user.device_count = 5; });
  refuses([](UserState& user) { user.last_seen_ms = -2; });
  refuses([](UserState& user) { user.last_seen_ms = std::int64_t{1} << 60; });
  refuses([](UserState& user) { user.latitude = NAN; });
  refuses([](UserState& user) { user.longitude = 181.0F; });
}

CAF_TEST(pages_stay_below_their_limit) {
  const auto largest = [](auto row) {
    using Row = decltype(row);
    return state_head_bytes + rows_head_bytes
           + rows_per_page<Row> * entry_bytes<Row>;
  };
  CAF_CHECK_LESS_OR_EQUAL(largest(UserState{}), max_state_record_bytes);
  CAF_CHECK_LESS_OR_EQUAL(largest(AddressState{}), max_state_record_bytes);
  CAF_CHECK_GREATER(largest(UserState{}), max_state_record_bytes * 9 / 10);
}

CAF_TEST(a_closing_record_survives_and_a_part_of_it_does_not) {
  StateClosing closing;
  closing.last = true;
  closing.saved_at_ms = 1'750'000'000'123;
  closing.newest_event_ms = 1'750'000'000'000;
  closing.users.capacity = 1000;
  closing.users.touches = 77;
  closing.users.pages = {5, 0, 6};
  closing.users.changes[3] = {19, 2, 0xABCD};
  closing.applied.at("a", PartitionId{4}).add(Offset{10}, Offset{20});
  closing.applied.at("a", PartitionId{4}).add(Offset{30}, Offset{40});
  closing.applied.at("b", PartitionId{5});
  std::string bytes;
  append_closing(bytes, closing);
  const auto again = read_closing(bytes);
  CAF_REQUIRE(again);
  std::string bytes_again;
  append_closing(bytes_again, *again);
  CAF_CHECK(bytes == bytes_again);
  CAF_CHECK(again->last);
  CAF_CHECK_EQUAL(again->users.pages.size(), 3u);
  CAF_CHECK_EQUAL(again->applied.partitions().size(), 2u);
  for (std::size_t size = 0; size != bytes.size(); ++size)
    CAF_CHECK(!read_closing(std::string_view{bytes}.substr(0, size)));
  CAF_CHECK(!read_closing(bytes + 'x'));
}

CAF_TEST(absurd_numbers_are_refused_before_memory_is_taken) {
  StateClosing closing;
  std::string bytes;
  append_closing(bytes, closing);
  // The capacity of the table of users: four thousand million rows.
  auto absurd = bytes;
  absurd.replace(1 + 8 + 8 + 4 + 24, 4, "\xFF\xFF\xFF\xFF");
  CAF_CHECK(!read_closing(absurd));
  // The number of partitions is the last one.
  absurd = bytes;
  absurd.replace(absurd.size() - 4, 4, "\xFF\xFF\xFF\xFF");
  CAF_CHECK(!read_closing(absurd));
}

CAF_TEST(offsets_of_many_partitions_stay_below_their_limit) {
  StateClosing closing;
  for (std::int32_t partition = 0; partition != 1500; ++partition)
    for (std::int64_t range = 0; range != 60; ++range)
      closing.applied.at(std::string(249, 't'), PartitionId{partition})
        .add(Offset{10 * range}, Offset{10 * range + 1});
  std::string bytes;
  append_closing(bytes, closing);
  CAF_CHECK_LESS(bytes.size(), 64u * 1024);
  auto again = read_closing(bytes);
  CAF_REQUIRE(again);
  auto& partition = again->applied.at(std::string(249, 't'), PartitionId{1499});
  CAF_CHECK_EQUAL(partition.highest(), Offset{591});
  // The oldest gaps count as closed: rather too little than twice.
  CAF_CHECK(partition.contains(Offset{585}));
}
